// Scripted HTTP: the requests that a sink sends, and the responses it receives.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "belfry/sdk.hpp"

namespace belfry::testkit {

// A request as the host received it. If its response was hold(), pass `ticket` to FakeHost::respond.
struct Request {
  belfry_ticket ticket = 0;
  belfry_ticket on_behalf_of = 0;
  std::string method;
  std::string url;
  Headers headers;
  std::string body;
  Millis timeout{0};                     // 0: until shortly before the deadline of on_behalf_of, or 10 s
  std::uint64_t max_response_bytes = 0;  // 0: 1 MiB

  [[nodiscard]] std::string_view header(std::string_view name) const { return find_header(headers, name); }
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  // True if the request changes nothing at the remote.
  [[nodiscard]] bool safe() const { return method == "GET" || method == "HEAD"; }
};

struct Response {
  HttpResult result;
  Millis after{0};
  bool held = false;

  static Response of(int status, std::string body = {}, Headers headers = {}) {
    Response response;
    response.result.status = status;
    response.result.body = std::move(body);
    response.result.headers = std::move(headers);
    return response;
  }
  static Response json(int status, const nlohmann::json& body, Headers headers = {}) {
    headers.push_back({"Content-Type", "application/json; charset=utf-8"});
    return of(status, body.dump(), std::move(headers));
  }
  // No response arrives. `request_sent`: the request may have reached the peer.
  static Response fails(HttpError error, bool request_sent) {
    Response response;
    response.result.error = error;
    response.result.request_sent = request_sent;
    response.result.error_text = "scripted failure";
    return response;
  }
  // No response until FakeHost::respond, or until the request times out.
  static Response hold() {
    Response response;
    response.held = true;
    return response;
  }
  // The same response, later by the fake clock.
  [[nodiscard]] Response delayed(Millis by) const {
    Response copy = *this;
    copy.after = by;
    return copy;
  }
};

using Responder = std::function<Response(const Request&)>;

}  // namespace belfry::testkit
