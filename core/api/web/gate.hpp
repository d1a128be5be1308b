// Decides who may view and change something on the operator's pages. A Unix socket needs no login. Over TCP, the login page exchanges a
// token for a cookie; a bearer token in the Authorization header works as well. Forms carry a CSRF token, because a browser sends its
// cookie along, and reaches a forwarded Unix socket, for every site. Thread rule: any thread.
#pragma once
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "api/operators/access.hpp"
#include "api/web/fields.hpp"
#include "api/web/page_writer.hpp"
#include "api/web/sessions.hpp"
#include "net/http.hpp"

namespace belfry::api::web {

struct FormRefusal {
  int status = 400;
  std::string why;  // one sentence
};

class Gate {
 public:
  Gate(std::shared_ptr<const Access> access, std::shared_ptr<Sessions> sessions)
      : access_(std::move(access)), sessions_(std::move(sessions)) {}

  // Requests of other sites, and those that the listener does not serve; see Access::refuse_forged(). None: acceptable.
  [[nodiscard]] std::optional<FormRefusal> refuse_forged(const net::ServerRequest& request) const;
  // None: not logged in.
  [[nodiscard]] std::optional<Visitor> visitor_of(const net::ServerRequest& request) const;
  // For pages without login: no name.
  [[nodiscard]] Visitor anonymous() const { return {{}, sessions_->login_csrf(), {}}; }

  // The fields of a submitted form, which must carry the visitor's CSRF token.
  [[nodiscard]] static std::expected<Fields, FormRefusal> read_form(const net::ServerRequest& request, const Visitor& visitor);

  // Exchanges a token for a session: the value of Set-Cookie, for TLS only if the browser used TLS, as behind a proxy. None: the token is
  // wrong.
  [[nodiscard]] std::optional<std::string> log_in(const std::string& token, const net::ServerRequest& request) const;
  // Ends the session: the value of Set-Cookie.
  [[nodiscard]] std::string log_out(const Visitor& visitor) const;

 private:
  std::shared_ptr<const Access> access_;
  std::shared_ptr<Sessions> sessions_;
};

// `next` if it is a path on this server, else "/".
[[nodiscard]] std::string safe_path(const std::string& next);

}  // namespace belfry::api::web
