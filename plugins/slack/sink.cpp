#include "slack/sink.hpp"

#include <utility>

#include "slack/interaction.hpp"
#include "slack/link.hpp"
#include "slack/signature.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;

constexpr const char* kMaskedToken = "***";

std::string query_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                       std::string_view("-._~").contains(c);
    if (plain) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 0xF]};
    }
  }
  return out;
}

// kv takes keys of up to 255 bytes; a longer address is looked up again after a restart.
std::optional<std::string> kv_key(const std::string& email) {
  constexpr std::size_t kKeyLimit = 255;
  std::string key = "user:" + email;
  return key.size() <= kKeyLimit ? std::optional(std::move(key)) : std::nullopt;
}

std::string member_text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Outcome delivered(const json& answer) {
  const std::string ts = member_text(answer, "ts");
  return Outcome::delivered({{"id", ts}, {"data", {{"channel", member_text(answer, "channel")}, {"ts", ts}}}});
}

Outcome outcome_of(const Reading& reading) { return reading.failure ? *reading.failure : delivered(reading.body); }

const Outcome kNoAddress = Outcome::rejected("no_address", "the notification has no e-mail address to find its recipient in Slack by");
const Outcome kNobody =
    Outcome::rejected("user_not_found", "no active member of the Slack workspace had this e-mail address when it was last looked up");
const Outcome kSensitive = Outcome::rejected(
    "sensitive_to_shared", "the message is sensitive and the destination is shared; set allow_sensitive on the route to send it");

}  // namespace

std::expected<void, Problems> SlackSink::configure(const Config& config) {
  Problems problems;
  const auto need_url = [&](const char* key, std::string fallback) {
    std::string url = config.string(key, std::move(fallback));
    if (!url.empty() && !safe_url(url, {})) problems.add(config.pointer(key), "must be an http or https address without a user name");
    return url;
  };
  token_ = config.secret("bot_token");
  signing_secrets_ = config.secrets("signing_secret");
  app_token_ = config.secret("app_token");
  api_url_ = need_url("api_url", "https://slack.com/api/");
  if (!api_url_.ends_with('/')) api_url_ += '/';
  look_ = {.coder_url = need_url("coder_url", ""), .buttons = !signing_secrets_.empty() || !app_token_.empty()};
  events_path_ = config.section("interactivity").string("path", "/slack/events");
  const Config lookup = config.section("lookup");
  directory_.emplace(lookup.duration("cache", std::chrono::hours(24)), lookup.duration("negative", std::chrono::minutes(10)));
  lookups_per_minute_ = static_cast<std::uint32_t>(lookup.integer("per_minute", 50));
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return {};
}

std::expected<void, std::string> SlackSink::start() {
  // docs.slack.dev, rate limits: Tier 3 is 50 and more a minute, with bursts.
  constexpr std::uint32_t kAtOnce = 20;
  rate_limit().define(lookup_budget(), lookups_per_minute_, std::chrono::minutes(1), std::max(kAtOnce, lookups_per_minute_ / 50));
  if (!app_token_.empty()) socket_mode_.emplace(services(), app_token_, api_url_).start();
  return {};
}

Task<> SlackSink::stop() {
  if (socket_mode_) co_await socket_mode_->stop();
}

Task<Outcome> SlackSink::deliver(Message message) {
  if (message.forbidden_here()) co_return kSensitive;
  const Destination destination = message.destination();
  if (destination.audience == Audience::direct) co_return co_await deliver_to_person(std::move(message));
  const Reading reading = co_await send(message, destination.address);
  co_return outcome_of(reading);
}

Task<Outcome> SlackSink::deliver_to_person(Message message) {
  const std::string email = normal_email(message.item().recipient.email);
  if (email.empty()) co_return kNoAddress;
  const UserResult user = co_await find_user(email);
  if (!user) co_return user.error();
  Reading reading = co_await send(message, user->id);
  if (reading.then == Reading::Then::forget_user) {
    co_await forget(email);
    if (user->cached) {
      const UserResult again = co_await find_user(email);
      if (!again) co_return again.error();
      if (again->id != user->id) reading = co_await send(message, again->id);
    }
  }
  co_return outcome_of(reading);
}

Task<SlackSink::UserResult> SlackSink::find_user(std::string email) {
  if (const auto known = directory_->find(email, now())) {
    if (known->user.empty()) co_return std::unexpected(kNobody);
    co_return User{known->user, true};
  }
  Task<UserResult> work = look_up(email);
  co_return co_await lookups_.run(std::move(email), std::move(work));
}

Task<SlackSink::UserResult> SlackSink::look_up(std::string email) {
  const Kv store = kv(KvScope::credential);
  const auto key = kv_key(email);
  if (key) {
    const KvResult kept = co_await store.get(*key);
    if (kept.ok()) directory_->restore(email, kept.value, now());
    if (const auto known = directory_->find(email, now())) co_return User{known->user, true};
  }
  co_await rate_limit().acquire(lookup_budget());
  HttpRequest request = lookup_request(email, token_.reveal());
  const HttpResult result = co_await http().send(std::move(request));
  Reading reading = read(Call::lookup, result);
  if (reading.failure) {
    if (reading.then == Reading::Then::nobody) directory_->missing(email, now());
    if (reading.failure->code == Outcome::Code::rate_limited) rate_limit().limited(lookup_budget(), *reading.failure->after);
    co_return std::unexpected(*reading.failure);
  }
  const auto user = reading.body.find("user");
  const std::string id = user != reading.body.end() && user->is_object() ? member_text(*user, "id") : std::string();
  if (id.empty()) {
    co_return std::unexpected(
        Outcome::retry("bad_answer", "Slack's answer to users.lookupByEmail has no user id").http_status(result.status));
  }
  const Directory::Entry& entry = directory_->found(email, id, now());
  if (key) store.put(*key, Directory::keep(entry));
  co_return User{id, false};
}

Task<> SlackSink::forget(std::string email) {
  directory_->forget(email);
  if (const auto key = kv_key(email)) co_await kv(KvScope::credential).erase(*key);
}

Task<Reading> SlackSink::send(const Message& message, std::string channel) {
  HttpRequest request = post_request(post(message, channel, look_), token_.reveal());
  const HttpResult result = co_await http().send(std::move(request));
  Reading reading = read(Call::post, result);
  if (reading.then != Reading::Then::degrade) co_return reading;
  log().warn("sending the text alone: " + reading.failure->detail);
  metrics().add("slack_text_only_messages");
  HttpRequest plainer = post_request(text_only_post(message, channel, look_), token_.reveal());
  const HttpResult second = co_await http().send(std::move(plainer));
  co_return read(Call::post, second);
}

HttpRequest SlackSink::lookup_request(const std::string& email, const std::string& token) const {
  return HttpRequest::get(api_url_ + "users.lookupByEmail?email=" + query_encode(email)).with("Authorization", "Bearer " + token);
}

HttpRequest SlackSink::post_request(std::string arguments, const std::string& token) const {
  return HttpRequest::post(api_url_ + "chat.postMessage", std::move(arguments))
      .with("Authorization", "Bearer " + token)
      .with("Content-Type", "application/json; charset=utf-8");
}

std::vector<Route> SlackSink::routes() const {
  // With Socket Mode on, Slack sends nothing here.
  if (signing_secrets_.empty() || !app_token_.empty()) return {};
  return {{"POST", events_path_}};
}

Verdict SlackSink::verify(const InboundRequest& request) {
  if (is_ssl_check({request.header("content-type"), request.body})) return Verdict::accept();
  std::vector<std::string> secrets;
  secrets.reserve(signing_secrets_.size());
  for (const Secret& secret : signing_secrets_) secrets.push_back(secret.reveal());
  const SignedRequest signed_request = {request.header("x-slack-request-timestamp"), request.header("x-slack-signature"), request.body};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now()).count();
  return is_signed(signed_request, secrets, seconds) ? Verdict::accept() : Verdict::refuse(401);
}

Task<InboundReply> SlackSink::handle(InboundRequest request) {
  Answer reply = answer({request.header("content-type"), request.body});
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
  if (destination.audience == Audience::direct) {
    const std::string email = normal_email(message.item().recipient.email);
    if (email.empty()) return std::unexpected(kNoAddress.detail);
    requests.push_back(as_json(lookup_request(email, kMaskedToken)));
    channel = "<user id of " + email + ">";
  }
  requests.push_back(as_json(post_request(post(message, channel, look_), kMaskedToken)));
  return requests;
}

}  // namespace belfry::slack
