#include "api/web/sessions.hpp"

#include <algorithm>

#include "base/ids.hpp"

namespace belfry::api::web {
namespace {

constexpr std::size_t kRandomBytes = 32;

}  // namespace

Sessions::Sessions(const base::Clock& clock) : clock_(clock), csrf_without_session_(base::random_hex(kRandomBytes)) {}

void Sessions::remove_ended() {
  const auto now = clock_.steady();
  std::erase_if(entries_, [&](const Entry& entry) { return now - entry.begun_at >= kMaxAge || now - entry.used_at >= kMaxIdle; });
}

Session Sessions::begin(base::Secret token) {
  Session session{base::random_hex(kRandomBytes), base::random_hex(kRandomBytes), std::move(token)};
  const auto now = clock_.steady();
  const std::lock_guard lock(mutex_);
  remove_ended();
  if (entries_.size() >= kMaxSessions) entries_.erase(std::ranges::min_element(entries_, {}, &Entry::used_at));
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
