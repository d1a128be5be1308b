// The Slack sink: finds the person by e-mail address, posts to them, and acknowledges clicks. Thread rule: the strand of the instance.
#pragma once
#include <belfry/sdk.hpp>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "slack/classify.hpp"
#include "slack/directory.hpp"
#include "slack/payload.hpp"
#include "slack/socket_mode.hpp"

namespace belfry::slack {

class SlackSink final : public Sink, public Inbound, public Renders {
 public:
  std::expected<void, Problems> configure(const Config& config) override;
  std::expected<void, std::string> start() override;
  Task<> stop() override;
  Task<Outcome> deliver(Message message) override;

  [[nodiscard]] std::vector<Route> routes() const override;
  [[nodiscard]] Verdict verify(const InboundRequest& request) override;
  Task<InboundReply> handle(InboundRequest request) override;

  [[nodiscard]] std::expected<nlohmann::json, std::string> render(const Message& message) const override;

 private:
  struct User {
    std::string id;
    bool cached = false;  // known from before: may have become wrong since
  };
  using UserResult = std::expected<User, Outcome>;

  Task<Outcome> deliver_to_person(Message message);
  Task<UserResult> find_user(std::string email);
  Task<UserResult> look_up(std::string email);
  Task<> forget(std::string email);
  // Sends it, as text alone when Slack refuses the blocks.
  Task<Reading> send(const Message& message, std::string channel);

  [[nodiscard]] HttpRequest lookup_request(const std::string& email, const std::string& token) const;
  [[nodiscard]] HttpRequest post_request(std::string arguments, const std::string& token) const;
  [[nodiscard]] Budget lookup_budget() const { return {token_.reference(), "users.lookupByEmail", ""}; }
  [[nodiscard]] Millis now() const { return clock().now().time_since_epoch(); }

  Secret token_;
  std::vector<Secret> signing_secrets_;
  Secret app_token_;
  std::string api_url_;
  std::string events_path_;
  Look look_;
  std::optional<Directory> directory_;
  std::uint32_t lookups_per_minute_ = 50;
  SingleFlight<std::string, UserResult> lookups_;
  std::optional<SocketMode> socket_mode_;
};

}  // namespace belfry::slack
