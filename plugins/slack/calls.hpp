// The Web API of one workspace: every call to Slack goes through here, so that the token, the address, the budget and what an
// answer means are decided in one place. Thread rule: the strand of the instance. Ownership: a member of the sink; usable from start() on.
#pragma once
#include <belfry/sdk.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "slack/budgets.hpp"
#include "slack/classify.hpp"
#include "slack/form.hpp"
#include "slack/token.hpp"

namespace belfry::slack {

class Calls {
 public:
  Calls() = default;
  Calls(std::string api_url, std::unique_ptr<BotToken> token, std::uint32_t lookups_per_minute)
      : api_url_(std::move(api_url)), token_(std::move(token)), budgets_(token_->reference(), lookups_per_minute) {}
  void use(Services services) {
    services_ = services;
    token_->use(services);
    budgets_.use(services);
  }

  // Arguments in the query, for methods that read. `deadline`: for a task of its own that a delivery waits for.
  Task<Reading> get(Call call, Query query, std::optional<Timestamp> deadline);
  Task<Reading> get(Call call, Query query) { return get(call, std::move(query), std::nullopt); }
  // Arguments as JSON.
  Task<Reading> post(Call call, std::string arguments);
  // Arguments as a form, for methods that take no token.
  Task<Reading> post_without_token(Call call, Query arguments) const;

  // What the first two would send, with the token given.
  [[nodiscard]] HttpRequest get_request(Call call, const Query& query, const std::string& token) const;
  [[nodiscard]] HttpRequest post_request(Call call, std::string arguments, const std::string& token) const;

  // How far the clock here is ahead of Slack's, by the Date of the last answer that had one, to the second. Negative: it is behind.
  [[nodiscard]] Millis ahead_of_slack() const { return ahead_of_slack_; }

  [[nodiscard]] Budgets& budgets() { return budgets_; }
  [[nodiscard]] BotToken& token() const { return *token_; }

 private:
  // With the token; once more when Slack does not take it and there is another one by then. What Slack did not take had no effect.
  Task<Reading> send(Call call, HttpRequest request);
  Task<Reading> send_with(Call call, HttpRequest request, const std::string& token);
  void compare_clocks(const HttpResult& answer);

  Services services_;
  std::string api_url_;
  std::unique_ptr<BotToken> token_;
  Budgets budgets_;
  Millis ahead_of_slack_{};
};

}  // namespace belfry::slack
