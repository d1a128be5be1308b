#include "slack/web_api/web_api.hpp"

#include <algorithm>
#include <utility>

namespace belfry::slack {
namespace {

constexpr std::uint64_t kLargestPage = 8ULL * 1024 * 1024;  // bytes; for members with long profiles, and for messages
constexpr Millis kReportMargin{250};

HttpRequest authorized(HttpRequest request, const std::string& token) {
  return std::move(request).with("Authorization", "Bearer " + token);
}

HttpRequest bare_get(std::string url, const Query& query) {
  if (!query.empty()) url += "?" + form(query);
  return HttpRequest::get(std::move(url));
}

HttpRequest bare_post(std::string url, std::string arguments) {
  return HttpRequest::post(std::move(url), std::move(arguments)).with("Content-Type", "application/json; charset=utf-8");
}

}  // namespace

Task<ApiResponse> WebApi::get(Method method, Query query, std::optional<MonotonicTime> deadline) {
  co_await rate_limits_.acquire(method);
  HttpRequest request = bare_get(api_url_ + std::string(method_name(method)), query);
  if (method == Method::users_list || method == Method::history || method == Method::replies) request.max_response_bytes = kLargestPage;
  if (deadline) request.timeout = std::max(*deadline - services_.clock().monotonic() - kReportMargin, Millis(1));
  co_return co_await send(method, std::move(request));
}

Task<ApiResponse> WebApi::post(Method method, std::string arguments) {
  co_await rate_limits_.acquire(method);
  co_return co_await send(method, bare_post(api_url_ + std::string(method_name(method)), std::move(arguments)));
}

Task<ApiResponse> WebApi::post_without_token(Method method, Query arguments) const {
  const HttpResult result = co_await services_.http().send(form_request(api_url_ + std::string(method_name(method)), arguments));
  co_return classify(method, result);
}

Task<ApiResponse> WebApi::send(Method method, HttpRequest request) {
  std::string token;
  if (auto ready = token_->try_get()) {
    token = *std::move(ready);
  } else {
    TokenResult waited = co_await token_->get();
    if (!waited) co_return ApiResponse{.failure = std::move(waited.error()), .body = nullptr};
    token = *std::move(waited);
  }
  ApiResponse response = co_await send_with(method, request, token);
  if (!is_token_error(response)) co_return response;
  TokenResult other = co_await token_->replacement_for(token, *response.failure);
  if (!other) {
    response.failure = std::move(other.error());
    co_return response;
  }
  co_return co_await send_with(method, std::move(request), *other);
}

Task<ApiResponse> WebApi::send_with(Method method, HttpRequest request, const std::string& token) {
  const HttpResult result = co_await services_.http().send(authorized(std::move(request), token));
  compare_clocks(result);
  ApiResponse response = classify(method, result);
  const auto& failure = response.failure;
  // A limit on one channel does not apply to the others.
  const bool limited = failure && failure->code == Outcome::Code::rate_limited && failure->scope != LimitScope::recipient;
  if (limited) rate_limits_.report_limited(method, *failure->after);
  co_return response;
}

void WebApi::compare_clocks(const HttpResult& answer) {
  const Timestamp here = services_.clock().now();
  const auto there = sdk::parse_http_date(answer.header("date"), std::chrono::floor<std::chrono::seconds>(here));
  if (there) clock_skew_ = std::chrono::duration_cast<Millis>(here - *there);
}

HttpRequest WebApi::get_request(Method method, const Query& query, const std::string& token) const {
  return authorized(bare_get(api_url_ + std::string(method_name(method)), query), token);
}

HttpRequest WebApi::post_request(Method method, std::string arguments, const std::string& token) const {
  return authorized(bare_post(api_url_ + std::string(method_name(method)), std::move(arguments)), token);
}

}  // namespace belfry::slack
