// HTTP requests through the host, which handles TLS, proxies, pooling and limits. Redirects are never followed.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "belfry/sdk/http_date.hpp"
#include "belfry/sdk/runtime.hpp"

namespace belfry::sdk {

struct Header {
  std::string name;
  std::string value;

  bool operator==(const Header&) const = default;
};
using Headers = std::vector<Header>;

// The value of the first header with this name, compared case-insensitively; empty if there is none.
[[nodiscard]] inline std::string_view find_header(const Headers& headers, std::string_view name) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  const auto same = [lower](std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
  };
  for (const auto& header : headers) {
    if (same(header.name, name)) return header.value;
  }
  return {};
}

// co_await http().send(HttpRequest::post(url, body).with("Authorization", "Bearer " + token_.reveal()));
struct HttpRequest {
  HttpRequest(std::string method_, std::string url_, std::string body_ = {})
      : method(std::move(method_)), url(std::move(url_)), body(std::move(body_)) {}
  static HttpRequest get(std::string url) { return HttpRequest("GET", std::move(url)); }
  static HttpRequest post(std::string url, std::string body) { return HttpRequest("POST", std::move(url), std::move(body)); }

  HttpRequest&& with(std::string name, std::string value) && {
    headers.push_back({std::move(name), std::move(value)});
    return std::move(*this);
  }

  std::string method;
  std::string url;  // absolute http(s)
  Headers headers;
  std::string body;
  Millis timeout{0};                     // 0: until just before the delivery's deadline, or 10 s outside a delivery
  std::uint64_t max_response_bytes = 0;  // 0: 1 MiB
};

enum class HttpError : std::uint32_t {
  none = BELFRY_HTTP_OK,
  invalid = BELFRY_HTTP_INVALID,  // the request is malformed; never sent
  resolve = BELFRY_HTTP_RESOLVE,
  connect = BELFRY_HTTP_CONNECT,
  tls = BELFRY_HTTP_TLS,
  timeout = BELFRY_HTTP_TIMEOUT,
  closed = BELFRY_HTTP_CLOSED,  // the peer closed before the response was complete
  too_large = BELFRY_HTTP_TOO_LARGE,
  malformed = BELFRY_HTTP_MALFORMED,  // the response is not HTTP
  refused = BELFRY_HTTP_REFUSED,      // too many requests are already queued
};

struct HttpResult {
  HttpError error = HttpError::none;  // none: a response arrived, and the fields below are valid
  bool request_sent = false;          // with an error: part of the request may have reached the peer
  int status = 0;
  Headers headers;
  std::string body;
  std::string error_text;  // one sentence for people

  [[nodiscard]] bool answered() const { return error == HttpError::none; }
  [[nodiscard]] bool success() const { return answered() && status >= 200 && status < 300; }
  [[nodiscard]] std::string_view header(std::string_view name) const { return find_header(headers, name); }
  // Delay from now in Retry-After (RFC 9110 section 10.2.3): seconds, or a date. A date is compared with the response's Date, since clocks
  // differ, and falls back to the local clock; one in the past yields 0. nullopt if the header is absent or malformed.
  [[nodiscard]] std::optional<Millis> retry_after() const {
    const auto text = header("retry-after");
    const bool digits = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    return digits ? seconds_of(text) : until_date(text);
  }

 private:
  static std::optional<Millis> seconds_of(std::string_view text) {
    std::uint32_t seconds = 0;
    for (const char c : text) {
      if (seconds > 100'000'000) return std::nullopt;
      seconds = seconds * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return std::chrono::seconds(seconds);
  }
  [[nodiscard]] std::optional<Millis> until_date(std::string_view text) const {
    const auto local_now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto until = parse_http_date(text, local_now);
    if (!until) return std::nullopt;
    const auto remote_now = parse_http_date(header("date"), local_now).value_or(local_now);
    return std::max<Millis>(*until - remote_now, Millis(0));
  }
};

// Maps the result of a message's only request to an outcome, for a remote that defines nothing beyond HTTP. Success has no receipt. Only
// statuses with which a server refuses the request itself are `rejected` (RFC 9110 section 15.5: 400, 413, 414, 415, 422; RFC 6585: 431);
// any other may come from an intermediary, so the message is kept and sent again. `default_pause` applies to a 429 without Retry-After.
inline Outcome http_outcome(const HttpResult& result, Millis default_pause = std::chrono::seconds(30)) {
  if (!result.answered()) {
    if (result.error == HttpError::invalid) return Outcome::rejected("invalid_request", result.error_text);
    const auto reason = result.error == HttpError::timeout ? "timeout" : result.error == HttpError::tls ? "tls" : "connection";
    return Outcome::retry(reason, result.error_text).maybe_delivered(result.request_sent);
  }
  const auto after = result.retry_after();
  const auto summary = "the remote answered " + std::to_string(result.status);
  const auto classify = [&]() -> Outcome {
    switch (result.status) {
      case 401:
      case 403:
      case 407: return Outcome::misconfigured("unauthorized", summary + "; check the credentials");
      case 404:
      case 405:
      case 410: return Outcome::misconfigured("not_found", summary + "; check the address");
      case 400:
      case 413:
      case 414:
      case 415:
      case 422:
      case 431: return Outcome::rejected("refused", summary);
      case 408:
      case 425: return Outcome::retry("try_later", summary);
      case 429: return Outcome::rate_limited(after.value_or(default_pause), LimitScope::account, summary);
      default: break;
    }
    if (result.success()) return Outcome::delivered();
    if (result.status >= 500) {
      auto outcome = Outcome::retry("server_error", summary).maybe_delivered();
      return after ? outcome.retry_after(*after) : outcome;
    }
    if (result.status >= 300 && result.status < 400) {
      return Outcome::misconfigured("redirected", summary + "; redirects are not followed, configure the final address");
    }
    return Outcome::retry("bad_answer", summary);
  };
  return classify().http_status(result.status);
}

// Cheap to copy. A request sent for a delivery is cancelled with it. GCC 12 cannot compile a braced list of headers inside a co_await
// expression: name the list first, or use HttpRequest::with.
class Http {
 public:
  explicit Http(detail::Runtime* runtime) : runtime_(runtime) {}

  [[nodiscard]] Task<HttpResult> send(HttpRequest request) const { return send_through(runtime_, std::move(request)); }
  [[nodiscard]] Task<HttpResult> get(std::string url, Headers headers = {}) const {
    auto request = HttpRequest::get(std::move(url));
    request.headers = std::move(headers);
    return send(std::move(request));
  }
  [[nodiscard]] Task<HttpResult> post(std::string url, std::string body, Headers headers = {}) const {
    auto request = HttpRequest::post(std::move(url), std::move(body));
    request.headers = std::move(headers);
    return send(std::move(request));
  }

 private:
  struct Waiter final : detail::EventWaiter {
    explicit Waiter(detail::Runtime& runtime) : EventWaiter(runtime, BELFRY_EVENT_HTTP) {}
    void take(const void* payload) override {
      if (payload == nullptr) return;
      const auto raw = detail::copy_sized(static_cast<const belfry_http_result*>(payload));
      result.error = static_cast<HttpError>(raw.error);
      result.request_sent = (raw.flags & BELFRY_HTTP_REQUEST_SENT) != 0;
      result.status = static_cast<int>(raw.status);
      for (std::uint32_t i = 0; i < raw.header_count; ++i) {
        result.headers.push_back({std::string(detail::view(raw.headers[i].name)), std::string(detail::view(raw.headers[i].value))});
      }
      result.body = detail::view(raw.body);
      result.error_text = detail::view(raw.error_text);
    }
    HttpResult result{.error = HttpError::malformed, .request_sent = true, .error_text = "the gateway returned no result"};
  };

  static Task<HttpResult> send_through(detail::Runtime* runtime, HttpRequest request) {
    auto& root = co_await detail::CurrentRoot{};
    const auto send = runtime->require(runtime->tables().http.send, BELFRY_HOST_HTTP_CLIENT_1);
    std::vector<belfry_http_header> headers;
    for (const auto& header : request.headers) headers.push_back({detail::str(header.name), detail::str(header.value)});
    Waiter waiter(*runtime);
    belfry_http_request raw{};
    raw.size = sizeof raw;
    raw.timeout_ms = static_cast<std::uint32_t>(std::clamp<Millis::rep>(request.timeout.count(), 0, UINT32_MAX));
    raw.on_behalf_of = root.ticket;
    raw.user_data = waiter.user_data();
    raw.method = detail::str(request.method);
    raw.url = detail::str(request.url);
    raw.headers = headers.data();
    raw.header_count = static_cast<std::uint32_t>(headers.size());
    raw.body = detail::str(request.body);
    raw.max_response_bytes = request.max_response_bytes;
    waiter.begin(send(runtime->ctx(), &raw));
    if (request.method != "GET" && request.method != "HEAD") root.request_sent = true;
    co_await waiter;
    co_return std::move(waiter.result);
  }

  detail::Runtime* runtime_;
};

}  // namespace belfry::sdk
