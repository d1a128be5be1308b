#include "base/times_in_text.hpp"

namespace belfry::base {
namespace {

constexpr std::string_view kForm = "2026-12-02T06:00:00.000Z";
constexpr std::size_t kBeforeT = 10;

}  // namespace

std::string with_times(std::string_view text, const std::function<std::string(Timestamp)>& write) {
  std::string out;
  while (!text.empty()) {
    const bool fits = text.size() >= kForm.size() && text[kBeforeT] == 'T' && text[kForm.size() - 1] == 'Z';
    const auto time = fits ? from_rfc3339(std::string(text.substr(0, kForm.size()))) : std::nullopt;
    out += time ? write(*time) : std::string(text.substr(0, 1));
    text.remove_prefix(time ? kForm.size() : 1);
  }
  return out;
}

}  // namespace belfry::base
