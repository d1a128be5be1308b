#include "route/redactor.hpp"

#include <re2/re2.h>

namespace belfry::route {
namespace {

constexpr std::string_view kNothingLeft = "[redacted]";

// RE2 reads a backslash as a reference to a group.
std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\\' ? "\\\\" : std::string(1, c);
  return out;
}

}  // namespace

base::Result<Redactor> Redactor::compile(const std::vector<model::Redaction>& redactions) {
  Redactor out;
  for (const auto& redaction : redactions) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    auto pattern = std::make_shared<const re2::RE2>(redaction.pattern, options);
    if (!pattern->ok())
      return base::fail(base::ErrorCode::invalid, "the pattern /" + redaction.pattern + "/ is wrong: " + pattern->error());
    if (re2::RE2::PartialMatch("", *pattern)) {
      return base::fail(base::ErrorCode::invalid,
                        "the pattern /" + redaction.pattern + "/ matches the empty text, and so matches everywhere");
    }
    out.patterns_.push_back({std::move(pattern), literal(redaction.replacement)});
  }
  return out;
}

std::size_t Redactor::apply(std::string& text) const {
  std::size_t found = 0;
  for (const auto& pattern : patterns_) found += static_cast<std::size_t>(re2::RE2::GlobalReplace(&text, *pattern.find, pattern.rewrite));
  return found;
}

std::size_t Redactor::apply(nlohmann::json& tree) const {
  if (tree.is_string()) return apply(tree.get_ref<std::string&>());
  std::size_t found = 0;
  if (tree.is_structured()) {
    for (auto& child : tree) found += apply(child);
  }
  return found;
}

std::size_t Redactor::apply(model::Notification& n) const {
  std::size_t found = 0;
  for (auto* text : {&n.title, &n.title_markdown, &n.body, &n.body_markdown, &n.update_key}) found += apply(*text);
  for (auto& action : n.actions) found += apply(action.label) + apply(action.url);
  for (auto& [name, value] : n.labels) found += apply(value);
  found += apply(n.data) + apply(n.original);
  // Title and body must not be empty.
  for (auto* text : {&n.title, &n.body}) {
    if (text->empty()) *text = kNothingLeft;
  }
  return found;
}

}  // namespace belfry::route
