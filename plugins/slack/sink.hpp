// The Slack sink: finds the person by e-mail address, posts to them or changes what it has posted, and acknowledges clicks. Thread rule:
// the strand of the instance.
#pragma once
#include <belfry/sdk.hpp>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "slack/calls.hpp"
#include "slack/direct.hpp"
#include "slack/email_map.hpp"
#include "slack/fallback.hpp"
#include "slack/living.hpp"
#include "slack/people.hpp"
#include "slack/poster.hpp"
#include "slack/reconcile.hpp"
#include "slack/socket_mode.hpp"

namespace belfry::slack {

class SlackSink final : public Sink, public Inbound, public Reconciles, public Renders, public ChecksOnline {
 public:
  std::expected<void, Problems> configure(const Config& config) override;
  std::expected<void, std::string> start() override;
  Task<> stop() override;
  Task<Outcome> deliver(Message message) override;

  Task<Reconciled> reconcile(Message message) override;

  [[nodiscard]] std::vector<Route> routes() const override;
  [[nodiscard]] Verdict verify(const InboundRequest& request) override;
  Task<InboundReply> handle(InboundRequest request) override;

  [[nodiscard]] std::expected<nlohmann::json, std::string> render(const Message& message) const override;
  Task<Findings> check_online() override;

 private:
  Task<Outcome> deliver_somewhere(const Message& message);
  Task<Outcome> deliver_to_person(const Message& message);
  Task<Reconciled> look_for(const Message& message, std::string to);
  [[nodiscard]] Millis now() const { return clock().now().time_since_epoch(); }

  std::vector<Secret> signing_secrets_;
  Secret app_token_;
  std::string api_url_;
  std::string events_path_;
  std::string group_;      // that is mentioned where others read, too
  bool to_people_ = true;  // else to the configured channel
  Calls calls_;
  EmailMap email_map_;
  // From configure() on.
  std::optional<People> people_;
  std::optional<Poster> poster_;
  std::optional<Fallback> fallback_;
  std::optional<Direct> direct_;
  std::optional<Living> living_;
  std::optional<Reconciler> reconciler_;
  std::optional<SocketMode> socket_mode_;  // from start() on, with an app_token
};

}  // namespace belfry::slack
