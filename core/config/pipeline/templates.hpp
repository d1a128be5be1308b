// Templates, which are texts with Mustache tags, and the messages built from them.
#pragma once
#include <optional>
#include <string>

#include "config/document/value.hpp"
#include "model/pipeline.hpp"

namespace belfry::config {

// Reports an invalid tag, or a tag with a path that no notification has. A text without tags is valid.
[[nodiscard]] std::optional<model::TemplateText> read_template(const Value& written, std::string_view form);

// The same for the key of a dedupe, digest or throttle rule: also reports a path without braces.
[[nodiscard]] std::optional<model::TemplateText> read_key(const Value& written, std::string_view form);

// Reads { title, body, actions }: at least one of them.
[[nodiscard]] std::optional<model::MessageRule> read_message(const Value& written);

}  // namespace belfry::config
