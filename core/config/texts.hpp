// Texts with Mustache tags, and what a message is made of.
#pragma once
#include <optional>
#include <string>

#include "config/value.hpp"
#include "model/pipeline.hpp"

namespace belfry::config {

// Reports a tag that is wrong or names nothing that a notification has. The text may have none.
[[nodiscard]] std::optional<model::TemplateText> read_template(const Value& written, std::string_view form);

// The same for what tells one from another: a path without its braces is a mistake.
[[nodiscard]] std::optional<model::TemplateText> read_key(const Value& written, std::string_view form);

// { title, body, actions }: at least one of them.
[[nodiscard]] std::optional<model::MessageRule> read_message(const Value& written);

}  // namespace belfry::config
