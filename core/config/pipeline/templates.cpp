#include "config/pipeline/templates.hpp"

#include "config/pipeline/condition.hpp"
#include "render/template.hpp"

namespace belfry::config {
namespace {

constexpr std::string_view kMessageForm = "a mapping with title, body or actions";

// A URL that begins with a tag has no scheme to check.
bool is_allowed_link(std::string_view url) {
  const auto scheme = url.substr(0, url.find_first_of(":/?#{"));
  const bool has_scheme = !scheme.empty() && scheme.size() < url.size() && url[scheme.size()] == ':';
  return !has_scheme || url.starts_with("https://") || url.starts_with("http://");
}

std::optional<std::vector<model::Action>> read_actions(const Value& written) {
  std::vector<model::Action> out;
  if (written.node().kind == yaml::Node::Kind::list && written.node().items.empty()) return out;  // no buttons
  for (const auto& entry : written.entries("a list of { label, url }, or [] for no buttons")) {
    const Section section(entry, kActionKeys);
    const auto label = section.require("label", "label: View workspace");
    const auto url = section.require("url", "url: https://coder.example.com/");
    auto label_text = label ? read_template(*label, "the text of the button") : std::nullopt;
    auto url_text = url ? read_template(*url, "the URL of the button") : std::nullopt;
    if (url_text && !is_allowed_link(*url_text)) url->expected("a URL that begins with https:// or http://, or a path");
    if (label_text && url_text) out.push_back({*std::move(label_text), *std::move(url_text)});
  }
  return out;
}

}  // namespace

std::optional<model::TemplateText> read_template(const Value& written, std::string_view form) {
  auto text = written.text(form);
  if (!text) return std::nullopt;
  const auto compiled = render::Template::compile(*text, render::Format::plain);
  if (!compiled) {
    written.error(compiled.error().message.starts_with("is ") ? compiled.error().message : "is not valid: " + compiled.error().message);
    return std::nullopt;
  }
  bool good = true;
  for (const auto& name : compiled->names()) {
    if (is_known_path(name)) continue;
    written.error("names " + in_quotes(name) + ", which no notification has" + path_suggestion(name, ""));
    good = false;
  }
  return good ? text : std::nullopt;
}

std::optional<model::TemplateText> read_key(const Value& written, std::string_view form) {
  auto text = read_template(written, form);
  if (!text || !is_known_path(*text)) return text;
  written.error("is " + written.described() + ", which is the same text for every notification; write \"{{" + *text + "}}\" for the value");
  return std::nullopt;
}

std::optional<model::MessageRule> read_message(const Value& written) {
  const Section section(written, kMessageKeys);
  model::MessageRule out;
  if (const auto value = section.get("title")) out.title = read_template(*value, "the title of the message");
  if (const auto value = section.get("body")) out.body = read_template(*value, "the text of the message, in Markdown");
  const auto actions = section.get("actions");
  if (actions) out.actions = read_actions(*actions);
  if (written.node().kind == yaml::Node::Kind::map && written.node().members.empty()) {
    written.error("is an empty mapping; write " + std::string(kMessageForm));
  }
  if (!out.title && !out.body && !out.actions) return std::nullopt;
  return out;
}

}  // namespace belfry::config
