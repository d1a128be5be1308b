// Client for the Web API of one workspace. Every call to Slack goes through it, so the token, the URL, the rate limits and the
// classification of responses are handled in one place.
// Thread rule: the instance's strand. Ownership: a member of the sink; usable from start() on.
#pragma once
#include <belfry/sdk.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "slack/web_api/bot_token.hpp"
#include "slack/web_api/classify.hpp"
#include "slack/web_api/form.hpp"
#include "slack/web_api/rate_limits.hpp"

namespace belfry::slack {

class WebApi {
 public:
  WebApi() = default;
  WebApi(std::string api_url, std::unique_ptr<BotToken> token, std::uint32_t lookups_per_minute)
      : api_url_(std::move(api_url)), token_(std::move(token)), rate_limits_(lookups_per_minute) {}
  void use(Services services) {
    services_ = services;
    token_->use(services);
    rate_limits_.use(services);
  }

  // Sends the arguments in the query, for methods that read. `deadline`: of the delivery, if it waits for the call from another task.
  Task<ApiResponse> get(Method method, Query query, std::optional<MonotonicTime> deadline);
  Task<ApiResponse> get(Method method, Query query) { return get(method, std::move(query), std::nullopt); }
  // Sends the arguments as JSON.
  Task<ApiResponse> post(Method method, std::string arguments);
  // Sends the arguments as a form, for methods that take no token.
  Task<ApiResponse> post_without_token(Method method, Query arguments) const;

  // The requests that get() and post() would send with this token.
  [[nodiscard]] HttpRequest get_request(Method method, const Query& query, const std::string& token) const;
  [[nodiscard]] HttpRequest post_request(Method method, std::string arguments, const std::string& token) const;

  // How far the local clock is ahead of Slack's, to the second, by the Date header of the last response that had one. Negative: behind.
  [[nodiscard]] Millis clock_skew() const { return clock_skew_; }

  [[nodiscard]] RateLimits& rate_limits() { return rate_limits_; }
  [[nodiscard]] BotToken& token() const { return *token_; }

 private:
  // Sends with the current token, and once more if Slack refuses it and another is available by then. A refused call had no effect.
  Task<ApiResponse> send(Method method, HttpRequest request);
  Task<ApiResponse> send_with(Method method, HttpRequest request, const std::string& token);
  void compare_clocks(const HttpResult& answer);

  Services services_;
  std::string api_url_;
  std::unique_ptr<BotToken> token_;
  RateLimits rate_limits_;
  Millis clock_skew_{};
};

}  // namespace belfry::slack
