#include "slack/sink.hpp"

#include <utility>

#include "slack/check_online.hpp"
#include "slack/inbound/interaction.hpp"
#include "slack/inbound/signature.hpp"
#include "slack/text/link.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;

constexpr const char* kMaskedToken = "***";

std::optional<RotationSettings> rotation_of(const Config& config) {
  if (!config.has("token_rotation")) return std::nullopt;
  const Config rotation = config.section("token_rotation");
  return RotationSettings{rotation.string("client_id"), rotation.secret("client_secret"), rotation.secret("refresh_token")};
}

const Outcome kNoAddress =
    Outcome::rejected("no_address", "the notification has no e-mail address by which to find its recipient in Slack");
const Outcome kSensitive = Outcome::rejected(
    "sensitive_to_shared", "the message is sensitive and the destination is shared; set allow_sensitive on the route to send it");

// "per_workspace", or {key: per_workspace, as: thread}
UpdateSettings read_update(const Config& config, Findings& findings) {
  UpdateSettings settings;
  const bool brief = config.json().contains("update") && config.json()["update"].is_string();
  const Config section = brief ? config : config.section("update");
  const char* key = brief ? "update" : "key";
  auto parsed = UpdateKey::parse(section.string(key));
  if (!parsed) findings.error(section.pointer(key), parsed.error());
  settings.key = std::move(parsed).value_or(UpdateKey());
  if (brief) return settings;
  if (section.string("as") == "thread") settings.mode = UpdateSettings::Mode::thread;
  settings.broadcast = section.boolean("broadcast");
  return settings;
}

}  // namespace

Findings SlackSink::configure(const Config& config) {
  Findings findings;
  const auto need_url = [&](const char* key, std::string fallback) {
    std::string url = config.string(key, std::move(fallback));
    if (!url.empty() && !safe_url(url, {})) findings.error(config.pointer(key), "must be an http or https address without a user name");
    return url;
  };
  signing_secrets_ = config.secrets("signing_secret");
  app_token_ = config.secret("app_token");
  api_url_ = need_url("api_url", "https://slack.com/api/");
  if (!api_url_.ends_with('/')) api_url_ += '/';
  channel_ = config.string("channel");
  poster_.emplace(api_, RenderOptions{.coder_url = need_url("coder_url", ""),
                                      .buttons = !signing_secrets_.empty() || !app_token_.empty(),
                                      .severity = config.boolean("severity", true),
                                      .footer = config.boolean("footer", true)});
  events_path_ = config.section("interactivity").string("path", "/slack/events");
  const Config lookup = config.section("lookup");
  auto token = std::make_unique<BotToken>(api_url_, config.secret("bot_token"), rotation_of(config));
  api_ = WebApi(api_url_, std::move(token), static_cast<std::uint32_t>(lookup.integer("per_minute", 50)));
  users_.emplace(api_, email_map_,
                 LookupSettings{.found = lookup.duration("cache", std::chrono::hours(24)),
                                .missing = lookup.duration("negative", std::chrono::minutes(10)),
                                .prefill = lookup.boolean("prefill")});
  email_map_ = EmailMap(config.section("email_map"), findings);
  group_ = config.string("mention");
  fallback_.emplace(api_, *poster_, config.string("fallback_channel"), group_);
  dm_channels_.emplace(api_);
  reconciler_.emplace(api_, *dm_channels_, *poster_);
  updater_.emplace(read_update(config, findings), api_, *poster_, *dm_channels_);
  return findings;
}

std::expected<void, std::string> SlackSink::start() {
  api_.use(services());
  users_->use(services());
  poster_->use(services());
  fallback_->use(services());
  dm_channels_->use(services());
  updater_->use(services());
  reconciler_->use(services());
  if (!app_token_.empty()) socket_mode_.emplace(services(), app_token_, api_url_).start();
  return {};
}

Task<> SlackSink::stop() {
  if (socket_mode_) co_await socket_mode_->stop();
  co_await api_.token().wait_idle();  // a renewed pair of tokens must be stored before the instance is destroyed
}

Task<Outcome> SlackSink::deliver(Message message) {
  if (message.forbidden_here()) co_return kSensitive;
  const std::string id = message.delivery_id();
  reconciler_->attempt_started(id);
  Outcome outcome = co_await deliver_somewhere(message);
  reconciler_->attempt_ended(id, outcome.ambiguous);
  co_return outcome;
}

Task<Outcome> SlackSink::deliver_somewhere(const Message& message) {
  if (message.destination().audience == Audience::shared) {
    Preamble preamble{{}, mention(message, group_)};
    const ApiResponse response = co_await updater_->send(message, message.destination().address, std::move(preamble));
    co_return outcome_of(response);
  }
  Outcome outcome = co_await deliver_to_person(message);
  if (!fallback_->applies_to(outcome, message.attempt())) co_return outcome;
  co_return co_await fallback_->post(message, std::move(outcome));
}

// Searches in the order in which a delivery tries them: the person's conversation, then the fallback channel.
Task<ReconcileResult> SlackSink::reconcile(Message message) {
  if (message.forbidden_here()) co_return ReconcileResult::absent();
  if (message.destination().audience == Audience::shared) co_return co_await find_delivery(message, message.destination().address);
  const std::string email = email_map_.apply(normalize_email(message.item().recipient.email));
  UserResult user = std::unexpected(kNoAddress);
  if (!email.empty()) user = co_await users_->find(email, message.deadline());
  if (user) {
    ReconcileResult seen = co_await find_delivery(message, user->id);
    const bool absent = seen.code == ReconcileResult::Code::absent;
    const bool unknown = seen.code == ReconcileResult::Code::unknown;
    if (fallback_->channel().empty() || (!absent && !unknown)) co_return seen;
    // A person whom Slack finds may still refuse messages, so a message missing from the conversation may be in the channel.
    ReconcileResult here = co_await reconciler_->find_delivery(message, fallback_->channel(), std::nullopt);
    co_return absent || here.code == ReconcileResult::Code::found ? here : seen;
  } else if (!fallback_->applies_to(user.error(), message.attempt())) {
    if (email.empty()) co_return ReconcileResult::absent();
    co_return reconciler_->undetermined(message.delivery_id(), user.error());
  }
  co_return co_await reconciler_->find_delivery(message, fallback_->channel(), std::nullopt);
}

Task<ReconcileResult> SlackSink::find_delivery(const Message& message, std::string to) {
  const std::optional<Thread> thread = co_await updater_->thread_of(message, to);
  const ReconcileResult seen = co_await reconciler_->find_delivery(message, to, thread);
  // Any message but a reply is the current one for its key; a crash may have prevented it from being recorded.
  const json& receipt = seen.receipt;
  if (receipt.is_object() && !receipt["data"].contains("thread_ts")) {
    Thread found{text_of(receipt["data"], "channel"), text_of(receipt, "id")};
    co_await updater_->record_arrival(message, to, std::move(found));
  }
  co_return seen;
}

Task<Outcome> SlackSink::deliver_to_person(const Message& message) {
  const std::string email = email_map_.apply(normalize_email(message.item().recipient.email));
  if (email.empty()) co_return kNoAddress;
  const UserResult user = co_await users_->find(email, message.deadline());
  if (!user) co_return user.error();
  const Preamble plain;
  ApiResponse response = co_await updater_->send(message, user->id, plain);
  if (response.follow_up == ApiResponse::FollowUp::forget_user) {
    co_await users_->forget(email);
    if (user->cached) {
      const UserResult again = co_await users_->find(email, message.deadline());
      if (!again) co_return again.error();
      if (again->id != user->id) response = co_await updater_->send(message, again->id, plain);
    }
  }
  co_return outcome_of(response);
}

std::vector<InboundRoute> SlackSink::routes() const {
  // With Socket Mode on, Slack sends no HTTP requests.
  if (signing_secrets_.empty() || !app_token_.empty()) return {};
  return {{"POST", events_path_}};
}

Verification SlackSink::verify(const InboundRequest& request) {
  if (is_ssl_check({request.header("content-type"), request.body})) return Verification::accept();
  std::vector<std::string> secrets;
  secrets.reserve(signing_secrets_.size());
  for (const Secret& secret : signing_secrets_) secrets.push_back(secret.reveal());
  const SignedRequest signed_request = {request.header("x-slack-request-timestamp"), request.header("x-slack-signature"), request.body};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now()).count();
  return is_signed(signed_request, secrets, seconds) ? Verification::accept() : Verification::refuse(401);
}

Task<InboundReply> SlackSink::handle(InboundRequest request) {
  Reply reply = reply_to({request.header("content-type"), request.body});
  co_return InboundReply{reply.status, std::move(reply.content_type), std::move(reply.body)};
}

std::expected<json, std::string> SlackSink::render(const Message& message) const {
  if (message.forbidden_here()) return std::unexpected(kSensitive.detail);
  const auto as_json = [](const HttpRequest& request) {
    json headers = json::object();
    for (const Header& header : request.headers) headers[header.name] = header.value;
    json body = request.body.empty() ? json(nullptr) : json::parse(request.body);
    return json{{"method", request.method}, {"url", request.url}, {"headers", std::move(headers)}, {"body", std::move(body)}};
  };
  const Destination destination = message.destination();
  json requests = json::array();
  std::string channel = destination.address;
  Preamble preamble;
  if (destination.audience == Audience::direct) {
    const std::string email = email_map_.apply(normalize_email(message.item().recipient.email));
    if (email.empty()) return std::unexpected(kNoAddress.detail);
    requests.push_back(as_json(api_.get_request(Method::lookup, {{"email", email}}, kMaskedToken)));
    channel = "<user id of " + email + ">";
  } else {
    preamble.mention = mention(message, group_);
  }
  requests.push_back(as_json(api_.post_request(Method::post, poster_->arguments(message, channel, preamble), kMaskedToken)));
  return requests;
}

Task<Findings> SlackSink::check_online() {
  api_.use(services());
  OnlineCheckInput input{.services = services(),
                         .channel = channel_,
                         .fallback_channel = fallback_->channel(),
                         .sample = poster_->arguments(sample_message(), "U00000000"),
                         .api_url = api_url_,
                         .app_token = app_token_};
  co_return co_await slack::check_online(api_, std::move(input));
}

}  // namespace belfry::slack
