// Reads and prints documents of the admin API, which may come from another version: a member that is missing, null or of another type has
// the value "", 0 or false. Pure.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace belfry::cli {

[[nodiscard]] std::string text_of(const nlohmann::json& document, const char* key);
[[nodiscard]] std::uint64_t count_of(const nlohmann::json& document, const char* key);
[[nodiscard]] bool flag_of(const nlohmann::json& document, const char* key);
// An array or object; an empty array instead of anything else.
[[nodiscard]] const nlohmann::json& part_of(const nlohmann::json& document, const char* key);
// A time, as local_time(); empty if it is null.
[[nodiscard]] std::string time_of(const nlohmann::json& document, const char* key);

// JSON text for --json, with a line break at its end. Control and invisible characters within strings are written as \u202e, so that the
// text is safe on a terminal and the document is the same. `indent` -1: one line.
[[nodiscard]] std::string json_text(const nlohmann::json& document, int indent = 2);

}  // namespace belfry::cli
