#include "cli/suggested_commands.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace belfry::cli {
namespace {

constexpr std::string_view kProgram = "belfry ";
constexpr std::string_view kOption = " --config ";

constexpr std::array<std::string_view, 13> kCommands{"audit",  "backup", "check", "doctor", "explain", "log-level", "plan",
                                                     "reload", "render", "send",  "serve",  "status",  "why"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNestedCommands{{{"config", "test"},
                                                                                        {"deliveries", "discard"},
                                                                                        {"deliveries", "list"},
                                                                                        {"deliveries", "retry"},
                                                                                        {"deliveries", "show"},
                                                                                        {"plugins", "list"},
                                                                                        {"plugins", "show"},
                                                                                        {"sinks", "release"}}};

bool is_part_of_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/' || c == '.';
}

std::string_view first_word(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

// The length of the command that `text` begins with: "deliveries show" of "deliveries show ID". 0: it begins with none that takes --config.
std::size_t command_length(std::string_view text) {
  const auto first = first_word(text);
  if (std::ranges::find(kCommands, first) != kCommands.end()) return first.size();
  const auto rest = text.substr(first.size());
  const auto second = first_word(rest.substr(std::min<std::size_t>(1, rest.size())));
  const bool known = rest.starts_with(' ') && std::ranges::find(kNestedCommands, std::pair(first, second)) != kNestedCommands.end();
  return known ? first.size() + 1 + second.size() : 0;
}

// One word of a shell.
std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain = "_./:@%+=,-";
  const auto is_plain = [&](char c) { return is_part_of_word(c) || kPlain.find(c) != std::string_view::npos; };
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string with_config(std::string text, const std::filesystem::path& config) {
  if (config.empty()) return text;
  const auto option = std::string(kOption) + shell_word(config.string());
  for (auto at = text.find(kProgram); at != std::string::npos; at = text.find(kProgram, at + 1)) {
    if (at > 0 && is_part_of_word(text[at - 1])) continue;
    const auto begin = at + kProgram.size();
    const auto length = command_length(std::string_view(text).substr(begin));
    if (length == 0 || std::string_view(text).substr(begin + length).starts_with(kOption)) continue;
    text.insert(begin + length, option);
    at = begin + length + option.size() - 1;  // the name of the file is no suggestion
  }
  return text;
}

}  // namespace belfry::cli
