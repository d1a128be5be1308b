#include "slack/calls.hpp"

#include <algorithm>
#include <utility>

namespace belfry::slack {
namespace {

constexpr std::uint64_t kLargestPage = 8ULL * 1024 * 1024;  // of people with long profiles, of messages
constexpr Millis kTimeToTell{250};

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

Task<Reading> Calls::get(Call call, Query query, std::optional<Timestamp> deadline) {
  co_await budgets_.take(call);
  HttpRequest request = bare_get(api_url_ + std::string(method_of(call)), query);
  if (call == Call::users_list || call == Call::history || call == Call::replies) request.max_response_bytes = kLargestPage;
  if (deadline) request.timeout = std::max(*deadline - services_.clock().now() - kTimeToTell, Millis(1));
  co_return co_await send(call, std::move(request));
}

Task<Reading> Calls::post(Call call, std::string arguments) {
  co_await budgets_.take(call);
  co_return co_await send(call, bare_post(api_url_ + std::string(method_of(call)), std::move(arguments)));
}

Task<Reading> Calls::post_without_token(Call call, Query arguments) const {
  const HttpResult result = co_await services_.http().send(form_request(api_url_ + std::string(method_of(call)), arguments));
  co_return read(call, result);
}

Task<Reading> Calls::send(Call call, HttpRequest request) {
  std::string token;
  if (auto at_hand = token_->at_hand()) {
    token = *std::move(at_hand);
  } else {
    TokenResult waited = co_await token_->get();
    if (!waited) co_return Reading{.failure = std::move(waited.error()), .body = nullptr};
    token = *std::move(waited);
  }
  Reading reading = co_await send_with(call, request, token);
  if (!refuses_token(reading)) co_return reading;
  TokenResult other = co_await token_->instead_of(token, *reading.failure);
  if (!other) {
    reading.failure = std::move(other.error());
    co_return reading;
  }
  co_return co_await send_with(call, std::move(request), *other);
}

Task<Reading> Calls::send_with(Call call, HttpRequest request, const std::string& token) {
  const HttpResult result = co_await services_.http().send(authorized(std::move(request), token));
  compare_clocks(result);
  Reading reading = read(call, result);
  const auto& failure = reading.failure;
  // What is limited in one channel is not limited in the others.
  const bool limited = failure && failure->code == Outcome::Code::rate_limited && failure->scope != LimitScope::recipient;
  if (limited) budgets_.limited(call, *failure->after);
  co_return reading;
}

void Calls::compare_clocks(const HttpResult& answer) {
  const Timestamp here = services_.clock().now();
  const auto there = sdk::parse_http_date(answer.header("date"), std::chrono::floor<std::chrono::seconds>(here));
  if (there) ahead_of_slack_ = std::chrono::duration_cast<Millis>(here - *there);
}

HttpRequest Calls::get_request(Call call, const Query& query, const std::string& token) const {
  return authorized(bare_get(api_url_ + std::string(method_of(call)), query), token);
}

HttpRequest Calls::post_request(Call call, std::string arguments, const std::string& token) const {
  return authorized(bare_post(api_url_ + std::string(method_of(call)), std::move(arguments)), token);
}

}  // namespace belfry::slack
