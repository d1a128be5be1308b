#include "slack/calls.hpp"

#include <utility>

namespace belfry::slack {
namespace {

constexpr std::uint64_t kLargestPage = 8ULL * 1024 * 1024;  // of people with long profiles, of messages

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

Task<Reading> Calls::get(Call call, Query query) {
  co_await budgets_.take(call);
  HttpRequest request = bare_get(api_url_ + std::string(method_of(call)), query);
  if (call == Call::users_list || call == Call::history || call == Call::replies) request.max_response_bytes = kLargestPage;
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
  Reading reading = read(call, result);
  if (reading.failure && reading.failure->code == Outcome::Code::rate_limited) budgets_.limited(call, *reading.failure->after);
  co_return reading;
}

HttpRequest Calls::get_request(Call call, const Query& query, const std::string& token) const {
  return authorized(bare_get(api_url_ + std::string(method_of(call)), query), token);
}

HttpRequest Calls::post_request(Call call, std::string arguments, const std::string& token) const {
  return authorized(bare_post(api_url_ + std::string(method_of(call)), std::move(arguments)), token);
}

}  // namespace belfry::slack
