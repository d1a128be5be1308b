#include "render/message_template.hpp"

#include <algorithm>

#include "render/escape.hpp"
#include "render/plain_text.hpp"

namespace belfry::render {
namespace {

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

base::Result<Template> compiled(std::string_view context, std::string_view text, Format format) {
  auto made = Template::compile(text, format);
  if (!made) return std::unexpected(base::with_context(context, std::move(made.error())));
  return made;
}

}  // namespace

std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

void set_title(model::Notification& notification, std::string plain) {
  auto line = one_line(std::move(plain));
  if (line.empty()) return;
  notification.title = std::move(line);
  notification.title_markdown = escape_markdown(notification.title);
}

void set_body(model::Notification& notification, std::string markdown) {
  auto plain = plain_text(markdown);
  if (is_blank(plain)) return;
  notification.body = std::move(plain);
  notification.body_markdown = std::move(markdown);
}

base::Result<MessageTemplate> MessageTemplate::compile(const model::MessageRule& rule) {
  MessageTemplate out;
  if (rule.title) {
    auto made = compiled("title", *rule.title, Format::plain);
    if (!made) return std::unexpected(made.error());
    out.title_ = std::move(*made);
  }
  if (rule.body) {
    auto made = compiled("body", *rule.body, Format::markdown);
    if (!made) return std::unexpected(made.error());
    out.body_ = std::move(*made);
  }
  if (!rule.actions) return out;
  out.actions_.emplace();
  for (const auto& action : *rule.actions) {
    auto label = compiled("label", action.label, Format::plain);
    if (!label) return std::unexpected(label.error());
    auto url = compiled("url", action.url, Format::url);
    if (!url) return std::unexpected(url.error());
    out.actions_->push_back({std::move(*label), std::move(*url)});
  }
  return out;
}

// Renders every part from the notification as it was before.
void MessageTemplate::apply(model::Notification& notification) const {
  const auto title = title_ ? std::optional(title_->render(notification)) : std::nullopt;
  const auto body = body_ ? std::optional(body_->render(notification)) : std::nullopt;
  if (actions_) {
    std::vector<model::Action> actions;
    for (const auto& button : *actions_) {
      model::Action action{one_line(button.label.render(notification)), one_line(button.url.render(notification))};
      if (!action.label.empty() && !action.url.empty()) actions.push_back(std::move(action));
    }
    notification.actions = std::move(actions);
  }
  if (title) set_title(notification, *title);
  if (body) set_body(notification, *body);
}

}  // namespace belfry::render
