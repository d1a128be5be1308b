#include "api/web/gate.hpp"

#include <algorithm>

namespace belfry::api::web {
namespace {

constexpr std::string_view kCookie = "belfry_session";
constexpr std::string_view kAttributes = "; Path=/; HttpOnly; SameSite=Strict";
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Values of our cookie; a browser may send one of a wider path or domain as well.
std::vector<std::string> session_ids(const net::ServerRequest& request) {
  std::vector<std::string> ids;
  auto cookies = request.headers.get("Cookie").value_or("");
  while (!cookies.empty()) {
    const auto cookie = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(cookies.size(), cookie.size() + 1));
    const auto equals = cookie.find('=');
    if (equals != std::string_view::npos && trimmed(cookie.substr(0, equals)) == kCookie)
      ids.emplace_back(trimmed(cookie.substr(equals + 1)));
  }
  return ids;
}

}  // namespace

std::optional<FormRefusal> Gate::refuse_forged(const net::ServerRequest& request) const {
  auto refused = access_->refuse_forged(request);
  if (!refused) refused = access_->refuse_foreign(request);
  if (!refused) return std::nullopt;
  return FormRefusal{refused->status, refused->why};
}

std::optional<Visitor> Gate::visitor_of(const net::ServerRequest& request) const {
  if (auto name = access_->operator_of(request)) return Visitor{*std::move(name), sessions_->csrf_without_session(), {}};
  for (const auto& id : session_ids(request)) {
    const auto session = sessions_->find(id);
    if (!session) continue;
    if (auto name = access_->holder_of(session->token.reveal())) return Visitor{*std::move(name), session->csrf, session->id};
    sessions_->end(id);  // the token is no longer configured
  }
  return std::nullopt;
}

std::expected<Fields, FormRefusal> Gate::read_form(const net::ServerRequest& request, const Visitor& visitor) {
  const auto type = request.headers.get("Content-Type").value_or("");
  if (!net::equal_ignoring_case(trimmed(type.substr(0, type.find(';'))), kFormType))
    return std::unexpected(FormRefusal{415, "the form was not sent as " + std::string(kFormType) + "; submit it from the page"});
  auto form = Fields::parse(request.body);
  if (!form) return std::unexpected(FormRefusal{400, form.error().message});
  if (!base::constant_time_equal(form->text("csrf"), visitor.csrf)) {
    return std::unexpected(
        FormRefusal{403, "the form is not from a current page of this gateway, and nothing was changed; open the page again and retry"});
  }
  form->set("csrf", {});
  return *std::move(form);
}

std::optional<std::string> Gate::log_in(const std::string& token, const net::ServerRequest& request) const {
  if (token.empty() || !access_->holder_of(token)) return std::nullopt;
  const auto session = sessions_->begin(base::Secret(token));
  const bool tls = request.headers.get("Origin").value_or("").starts_with("https://");
  return std::string(kCookie) + "=" + session.id + std::string(kAttributes) + (tls ? "; Secure" : "");
}

std::string Gate::log_out(const Visitor& visitor) const {
  sessions_->end(visitor.session);
  return std::string(kCookie) + "=" + std::string(kAttributes) + "; Max-Age=0";
}

std::string safe_path(const std::string& next) {
  const bool is_path = next.starts_with('/') && !next.starts_with("//");
  const bool is_plain = std::ranges::all_of(next, [](char c) { return c > ' ' && c < 0x7F && c != '\\'; });
  return is_path && is_plain ? next : "/";
}

}  // namespace belfry::api::web
