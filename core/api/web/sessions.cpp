#include "api/web/sessions.hpp"

#include <algorithm>

#include "base/ids.hpp"

namespace belfry::api::web {
namespace {

constexpr std::size_t kRandomBytes = 32;

}  // namespace

Sessions::Sessions(const base::Clock& clock)
    : clock_(clock), login_csrf_(base::random_hex(kRandomBytes)), csrf_without_session_(base::random_hex(kRandomBytes)) {}

void Sessions::remove_ended() {
  const auto now = clock_.steady();
  std::erase_if(entries_, [&](const Entry& entry) { return now - entry.begun_at >= kMaxAge || now - entry.used_at >= kMaxIdle; });
}

Session Sessions::begin(base::Secret token) {
  Session session{base::random_hex(kRandomBytes), base::random_hex(kRandomBytes), std::move(token)};
  const auto now = clock_.steady();
  const std::lock_guard lock(mutex_);
  remove_ended();
  const auto same_token = [&](const Entry& entry) {
    return base::constant_time_equal(entry.session.token.reveal(), session.token.reveal());
  };
  if (static_cast<std::size_t>(std::ranges::count_if(entries_, same_token)) >= kMaxPerToken) {
    auto oldest = std::ranges::find_if(entries_, same_token);
    for (auto entry = oldest; entry != entries_.end(); ++entry)
      if (same_token(*entry) && entry->used_at < oldest->used_at) oldest = entry;
    entries_.erase(oldest);
  } else if (entries_.size() >= kMaxSessions) {
    entries_.erase(std::ranges::min_element(entries_, {}, &Entry::used_at));
  }
  entries_.push_back({session, now, now});
  return session;
}

std::optional<Session> Sessions::find(std::string_view id) {
  const std::lock_guard lock(mutex_);
  remove_ended();
  for (auto& entry : entries_) {
    if (!base::constant_time_equal(entry.session.id, id)) continue;
    entry.used_at = clock_.steady();
    return entry.session;
  }
  return std::nullopt;
}

void Sessions::end(std::string_view id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const Entry& entry) { return base::constant_time_equal(entry.session.id, id); });
}

}  // namespace belfry::api::web
