// The Slack sink: finds the recipient by e-mail address, posts or edits the message, and acknowledges clicks on its buttons.
// Thread rule: the instance's strand.
#pragma once
#include <belfry/sdk.hpp>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "slack/deliver/dm_channels.hpp"
#include "slack/deliver/fallback_channel.hpp"
#include "slack/deliver/message_updater.hpp"
#include "slack/deliver/poster.hpp"
#include "slack/deliver/reconcile.hpp"
#include "slack/deliver/user_lookup.hpp"
#include "slack/inbound/socket_mode.hpp"
#include "slack/web_api/email_map.hpp"
#include "slack/web_api/web_api.hpp"

namespace belfry::slack {

class SlackSink final : public Sink, public Inbound, public Reconciles, public Renders, public ChecksOnline {
 public:
  Findings configure(const Config& config) override;
  std::expected<void, std::string> start() override;
  Task<> stop() override;
  Task<Outcome> deliver(Message message) override;

  Task<ReconcileResult> reconcile(Message message) override;

  [[nodiscard]] std::vector<InboundRoute> routes() const override;
  [[nodiscard]] Verification verify(const InboundRequest& request) override;
  Task<InboundReply> handle(InboundRequest request) override;

  [[nodiscard]] std::expected<nlohmann::json, std::string> render(const Message& message) const override;
  Task<Findings> check_online() override;

 private:
  Task<Outcome> deliver_somewhere(const Message& message);
  Task<Outcome> deliver_to_person(const Message& message);
  Task<ReconcileResult> find_delivery(const Message& message, std::string to);
  [[nodiscard]] Millis now() const { return clock().now().time_since_epoch(); }

  std::vector<Secret> signing_secrets_;
  Secret app_token_;
  std::string api_url_;
  std::string events_path_;
  std::string group_;    // the user group to mention in messages to channels
  std::string channel_;  // everything goes there; empty: to people
  WebApi api_;
  EmailMap email_map_;
  // Set by configure().
  std::optional<UserLookup> users_;
  std::optional<Poster> poster_;
  std::optional<Fallback> fallback_;
  std::optional<DmChannels> dm_channels_;
  std::optional<MessageUpdater> updater_;
  std::optional<Reconciler> reconciler_;
  std::optional<SocketMode> socket_mode_;  // set by start() if there is an app_token
};

}  // namespace belfry::slack
