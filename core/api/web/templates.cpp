#include "api/web/templates.hpp"

#include <kainjow/mustache.hpp>
#include <stdexcept>

#include "api/web/html.hpp"
#include "api/web/page_texts.hpp"

namespace belfry::api::web {
namespace {

using kainjow::mustache::data;
using nlohmann::json;

constexpr std::string_view kPlaceholder = "<!-- page -->\n";

data value_of(const json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.empty()) return {false};
    return data(text);
  }
  if (value.is_boolean()) return {value.get<bool>()};
  if (value.is_number()) return data(value.dump());
  if (value.is_array()) {
    data out(data::type::list);
    for (const auto& entry : value) out << value_of(entry);
    return out;
  }
  if (value.is_object()) {
    data out(data::type::object);
    for (const auto& [name, member] : value.items()) out.set(name, value_of(member));
    return out;
  }
  return {false};
}

}  // namespace

struct Templates::Compiled {
  // Rendering without partials and lambdas does not modify it, although the library's render() is not const.
  mutable kainjow::mustache::mustache library;
};

Templates::Templates() {
  for (const auto& [name, text] : kPageTexts) {
    auto compiled = std::make_unique<Compiled>(Compiled{kainjow::mustache::mustache(page_source(kLayout, text))});
    if (!compiled->library.is_valid())
      throw std::logic_error("the page " + std::string(name) + " is malformed: " + compiled->library.error_message());
    compiled->library.set_custom_escape([](const std::string& value) { return escape_html(value); });
    pages_.emplace(name, std::move(compiled));
  }
}

Templates::~Templates() = default;

std::string Templates::render(std::string_view page, const json& model) const {
  const auto found = pages_.find(page);
  if (found == pages_.end()) throw std::out_of_range("no page " + std::string(page));
  return found->second->library.render(value_of(model));
}

std::string page_source(std::string_view layout, std::string_view page) {
  const auto at = layout.find(kPlaceholder);
  if (at == std::string_view::npos) throw std::logic_error("the layout has no place for a page");
  return std::string(layout.substr(0, at)) + std::string(page) + std::string(layout.substr(at + kPlaceholder.size()));
}

}  // namespace belfry::api::web
