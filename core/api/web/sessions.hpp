// Browsers that have logged in to the operator's pages over TCP. Kept in memory: a restart of the gateway logs everybody out. A session
// ends twelve hours after the login, after two hours without a request, or when more recently used ones need its place: kMaxPerToken of the
// same token, or kMaxSessions. It holds the token of its login, which is checked again with each request, so that removing a token by a
// reload also ends its sessions. Thread rule: any thread. Ownership: the clock outlives it.
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace belfry::api::web {

struct Session {
  std::string id;    // 256 random bits in hexadecimal; the value of the cookie
  std::string csrf;  // the same for forms: another site cannot read it
  base::Secret token;
};

class Sessions {
 public:
  static constexpr std::size_t kMaxSessions = 200;
  static constexpr std::size_t kMaxPerToken = 20;  // so that one operator cannot end the sessions of the others
  static constexpr base::Millis kMaxAge = std::chrono::hours(12);
  static constexpr base::Millis kMaxIdle = std::chrono::hours(2);

  explicit Sessions(const base::Clock& clock);

  [[nodiscard]] Session begin(base::Secret token);
  // Counts as a request of the session. None: unknown or ended.
  [[nodiscard]] std::optional<Session> find(std::string_view id);
  void end(std::string_view id);

  // For the form of the login page, which everybody can read.
  [[nodiscard]] const std::string& login_csrf() const { return login_csrf_; }
  // For forms without a session: over a Unix socket, which a browser reaches through a forwarded port, and with a bearer token.
  [[nodiscard]] const std::string& csrf_without_session() const { return csrf_without_session_; }

 private:
  struct Entry {
    Session session;
    base::SteadyTime begun_at;
    base::SteadyTime used_at;
  };
  void remove_ended();  // requires `mutex_`

  const base::Clock& clock_;
  const std::string login_csrf_;
  const std::string csrf_without_session_;
  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace belfry::api::web
