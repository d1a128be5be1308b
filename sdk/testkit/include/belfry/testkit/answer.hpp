// Scripted HTTP: what a sink asked for, and what it gets.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "belfry/sdk.hpp"

namespace belfry::testkit {

// A request as the host got it. `ticket` answers it later, when the answer was hold().
struct Request {
  belfry_ticket ticket = 0;
  belfry_ticket on_behalf_of = 0;
  std::string method;
  std::string url;
  Headers headers;
  std::string body;
  Millis timeout{0};

  [[nodiscard]] std::string_view header(std::string_view name) const { return find_header(headers, name); }
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  // A request that changes nothing at the remote.
  [[nodiscard]] bool safe() const { return method == "GET" || method == "HEAD"; }
};

struct Answer {
  HttpResult result;
  Millis after{0};
  bool held = false;

  static Answer of(int status, std::string body = {}, Headers headers = {}) {
    Answer answer;
    answer.result.status = status;
    answer.result.body = std::move(body);
    answer.result.headers = std::move(headers);
    return answer;
  }
  static Answer json(int status, const nlohmann::json& body, Headers headers = {}) {
    headers.push_back({"Content-Type", "application/json; charset=utf-8"});
    return of(status, body.dump(), std::move(headers));
  }
  // No answer. `request_sent`: the request may have reached the peer.
  static Answer fails(HttpError error, bool request_sent) {
    Answer answer;
    answer.result.error = error;
    answer.result.request_sent = request_sent;
    answer.result.error_text = "scripted failure";
    return answer;
  }
  // Nothing comes: until FakeHost::answer, or until the request's time limit.
  static Answer hold() {
    Answer answer;
    answer.held = true;
    return answer;
  }
  // The same, later by the fake clock.
  [[nodiscard]] Answer delayed(Millis by) const {
    Answer copy = *this;
    copy.after = by;
    return copy;
  }
};

using Responder = std::function<Answer(const Request&)>;

}  // namespace belfry::testkit
