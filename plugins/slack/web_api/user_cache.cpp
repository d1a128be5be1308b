#include "slack/web_api/user_cache.hpp"

#include <algorithm>
#include <cctype>

namespace belfry::slack {

std::string normalize_email(std::string_view email) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = email.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  std::string normal(email.substr(begin, email.find_last_not_of(kBlanks) - begin + 1));
  std::ranges::transform(normal, normal.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return normal;
}

std::optional<UserCache::Entry> UserCache::find(const std::string& email, Millis now) {
  const auto found = entries_.find(email);
  if (found == entries_.end()) return std::nullopt;
  // An entry valid for longer than the maximum was added before the clock was set back.
  const Millis longest = found->second.user.empty() ? missing_for_ : found_for_;
  if (found->second.until <= now || found->second.until > now + longest) {
    entries_.erase(found);
    return std::nullopt;
  }
  return found->second;
}

const UserCache::Entry& UserCache::add_found(const std::string& email, std::string user, Millis now) {
  evict(now);
  return entries_[email] = {std::move(user), now + found_for_};
}

const UserCache::Entry& UserCache::add_missing(const std::string& email, Millis now) {
  evict(now);
  return entries_[email] = {{}, now + missing_for_};
}

void UserCache::restore(const std::string& email, std::string_view kept, Millis now) {
  const auto entry = nlohmann::json::parse(kept, nullptr, false);
  if (!entry.is_object() || !entry.contains("user") || !entry["user"].is_string() || !entry.contains("until") ||
      !entry["until"].is_number_integer()) {
    return;
  }
  const auto& user = entry["user"].get_ref<const std::string&>();
  const Millis until = std::min(Millis(entry["until"].get<std::int64_t>()), now + (user.empty() ? missing_for_ : found_for_));
  if (until <= now) return;
  evict(now);
  entries_[email] = {user, until};
}

std::string UserCache::keep(const Entry& entry) { return nlohmann::json{{"user", entry.user}, {"until", entry.until.count()}}.dump(); }

// If all entries are valid, any of them may go: evicting one costs only a lookup.
void UserCache::evict(Millis now) {
  if (entries_.size() < kMaxEntries) return;
  std::erase_if(entries_, [now](const auto& entry) { return entry.second.until <= now; });
  if (entries_.size() >= kMaxEntries) entries_.erase(entries_.begin());
}

}  // namespace belfry::slack
