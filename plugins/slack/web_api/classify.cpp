#include "slack/web_api/classify.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "slack/text/text.hpp"
#include "slack/text/untrusted_json.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kDefaultPause = seconds(30);  // a 429 without Retry-After
constexpr Millis kQuotaPause = hours(6);       // the message quota of a free workspace takes long to recover
constexpr Millis kMigrationPause = minutes(10);

enum class Kind {
  ambiguous,  // Slack: "it's possible some aspect of the operation succeeded"
  migration,  // the workspace or channel is being moved
  limited,    // per method and workspace
  limited_channel,
  quota,
  setup,   // the app, its token or its scopes
  target,  // this channel can never accept the message
  user,    // this user id can never receive it
  no_such_user,
  metadata,  // the rendering is refused because of its metadata
  length,    // ... its length
  blocks,    // ... its blocks
  bug,       // in this sink
};

struct Code {
  std::string_view name;
  Kind kind;
  std::string_view advice = {};
};

constexpr std::string_view kNewToken =
    "copy the Bot User OAuth Token (xoxb-...) from OAuth & Permissions of the app at https://api.slack.com/apps into bot_token";
constexpr std::string_view kAskAdmin = "an administrator of the Slack workspace must allow this app";
constexpr std::string_view kShared = "an organization that shares the channel blocks the content that the message links to";
constexpr std::string_view kInvite =
    "invite the app: type \"/invite @\" followed by the app's name in the channel, or, if the channel is public, "
    "add the scope chat:write.public to the app and reinstall it";

constexpr std::array kCodes = {
    Code{"ratelimited", Kind::limited},
    Code{"rate_limited", Kind::limited_channel},
    Code{"message_limit_exceeded", Kind::quota, "the workspace has used up the message quota of its plan"},
    Code{"service_unavailable", Kind::ambiguous},
    Code{"internal_error", Kind::ambiguous},
    Code{"fatal_error", Kind::ambiguous},
    Code{"request_timeout", Kind::ambiguous},
    Code{"duplicate_message_not_found", Kind::ambiguous},
    Code{"duplicate_channel_not_found", Kind::ambiguous},
    Code{"update_failed", Kind::ambiguous},
    Code{"streaming_state_conflict", Kind::ambiguous},
    Code{"team_added_to_org", Kind::migration, "the workspace is being moved into an Enterprise organization"},
    Code{"org_login_required", Kind::migration, "the workspace is being moved into an Enterprise organization"},
    Code{"external_channel_migrating", Kind::migration, "the channel is being moved to another workspace"},

    Code{"not_authed", Kind::setup, kNewToken},
    Code{"invalid_auth", Kind::setup, kNewToken},
    Code{"account_inactive", Kind::setup, kNewToken},
    Code{"token_revoked", Kind::setup, kNewToken},
    Code{"token_expired", Kind::setup, kNewToken},
    Code{"not_allowed_token_type", Kind::setup, kNewToken},
    Code{"missing_scope", Kind::setup,
         "add the missing scope under OAuth & Permissions of the app at https://api.slack.com/apps and reinstall it"},
    Code{"no_permission", Kind::setup, kAskAdmin},
    Code{"team_access_not_granted", Kind::setup, kAskAdmin},
    Code{"access_denied", Kind::setup, kAskAdmin},
    Code{"accesslimited", Kind::setup, kAskAdmin},
    Code{"enterprise_is_restricted", Kind::setup, kAskAdmin},
    Code{"two_factor_setup_required", Kind::setup, kAskAdmin},
    Code{"ekm_access_denied", Kind::setup, kAskAdmin},
    Code{"app_access_restricted", Kind::setup, kAskAdmin},
    Code{"messages_tab_disabled", Kind::setup,
         "turn on the Messages Tab under App Home of the app at https://api.slack.com/apps, or apply the manifest that "
         "\"belfry slack manifest\" prints"},
    Code{"as_user_not_supported", Kind::setup, kNewToken},
    Code{"send_on_behalf_not_allowed", Kind::setup, kNewToken},
    Code{"metadata_must_be_sent_from_app", Kind::setup, kNewToken},

    Code{"channel_not_found", Kind::user,
         "the person is not a member of the app's workspace, or the app has not been invited to the channel"},
    Code{"user_not_found", Kind::user},
    Code{"user_disabled", Kind::user},
    Code{"user_not_visible", Kind::user},
    Code{"users_not_found", Kind::no_such_user, "no active member of the Slack workspace has this e-mail address"},
    Code{"not_in_channel", Kind::target, kInvite},
    Code{"is_archived", Kind::target, "the channel is archived"},
    Code{"team_not_found", Kind::target},
    Code{"restricted_action", Kind::target, "a workspace restriction prevents this app from posting here"},
    Code{"restricted_action_read_only_channel", Kind::target, "the channel is read-only"},
    Code{"restricted_action_thread_only_channel", Kind::target, "the channel accepts only replies in threads"},
    Code{"restricted_action_non_threadable_channel", Kind::target, "the channel does not accept replies in threads"},
    Code{"restricted_action_thread_locked", Kind::target, "the thread is locked"},
    Code{"cannot_reply_to_message", Kind::target},
    Code{"slack_connect_canvas_sharing_blocked", Kind::target, kShared},
    Code{"slack_connect_file_link_sharing_blocked", Kind::target, kShared},
    Code{"slack_connect_lists_sharing_blocked", Kind::target, kShared},
    Code{"method_not_supported_for_channel_type", Kind::target},
    Code{"thread_not_found", Kind::target},
    Code{"message_not_found", Kind::target},
    Code{"cant_update_message", Kind::target},
    Code{"edit_window_closed", Kind::target},
    Code{"is_inactive", Kind::target},
    Code{"block_mismatch", Kind::target},

    Code{"msg_too_long", Kind::length},
    Code{"msg_blocks_too_long", Kind::length},
    Code{"invalid_blocks", Kind::blocks},
    Code{"invalid_blocks_format", Kind::blocks},
    Code{"invalid_attachments", Kind::blocks},
    Code{"too_many_attachments", Kind::blocks},
    Code{"attachment_payload_limit_exceeded", Kind::length},
    Code{"metadata_too_large", Kind::metadata},
    Code{"invalid_metadata_format", Kind::metadata},
    Code{"invalid_metadata_schema", Kind::metadata},
    Code{"markdown_text_conflict", Kind::blocks},
    Code{"no_text", Kind::blocks},
    Code{"too_many_contact_cards", Kind::blocks},
    Code{"missing_file_data", Kind::blocks},

    Code{"invalid_arguments", Kind::bug},
    Code{"invalid_arg_name", Kind::bug},
    Code{"invalid_array_arg", Kind::bug},
    Code{"users_list_not_supplied", Kind::bug},
    Code{"invalid_user_combination", Kind::bug},
    Code{"too_many_users", Kind::bug},
    Code{"time_in_past", Kind::bug},
    Code{"time_too_far", Kind::bug},
    Code{"restricted_too_many", Kind::bug},
    Code{"invalid_charset", Kind::bug},
    Code{"invalid_form_data", Kind::bug},
    Code{"invalid_post_type", Kind::bug},
    Code{"missing_post_type", Kind::bug},
    Code{"invalid_json", Kind::bug},
    Code{"json_not_object", Kind::bug},
    Code{"deprecated_endpoint", Kind::bug},
    Code{"method_deprecated", Kind::bug},
};

// True if repeating the call would have a second effect, so it matters whether the first had one. Repeating an update changes nothing.
bool not_idempotent(Method method) { return method == Method::post; }

// A member's text, sanitized and shortened for messages to people.
std::string shown(const json& object, const char* key) {
  const std::string text = text_of(object, key);
  return shorten(clean_line(text, 1000), 200);
}

// Details that Slack adds to an error: the missing scope, or the position of the invalid block.
std::string hints(const json& answer) {
  std::string out;
  if (const std::string needed = shown(answer, "needed"); !needed.empty()) {
    const std::string provided = shown(answer, "provided");
    out += "; needed: " + needed + ", provided: " + (provided.empty() ? "none" : provided);
  }
  for (const json& error : answer.value("errors", json::array())) {
    if (error.is_string()) return out + "; " + shorten(clean_line(error.get_ref<const std::string&>(), 1000), 200);
    if (error.is_object()) return out + "; " + shown(error, "message") + " at " + shown(error, "pointer");
  }
  return out;
}

ApiResponse fail(Outcome outcome, ApiResponse::FollowUp follow_up = ApiResponse::FollowUp::none) {
  return {.failure = std::move(outcome), .body = nullptr, .follow_up = follow_up};
}

Outcome limited(Method method, const HttpResult& result, bool one_channel, const std::string& detail) {
  const LimitScope scope = one_channel ? LimitScope::recipient : method == Method::post ? LimitScope::account : LimitScope::method;
  const Millis pause = std::max<Millis>(result.retry_after().value_or(kDefaultPause), seconds(1));
  return Outcome::rate_limited(pause, scope, detail);
}

ApiResponse read_transport(Method method, const HttpResult& result) {
  const std::string detail = "cannot reach Slack: " + result.error_text;
  switch (result.error) {
    case HttpError::invalid: return fail(Outcome::misconfigured("invalid_request", detail + "; check api_url"));
    case HttpError::tls: return fail(Outcome::retry("tls", detail).maybe_delivered(not_idempotent(method) && result.request_sent));
    case HttpError::timeout: return fail(Outcome::retry("timeout", detail).maybe_delivered(not_idempotent(method) && result.request_sent));
    default: return fail(Outcome::retry("connection", detail).maybe_delivered(not_idempotent(method) && result.request_sent));
  }
}

// Handles responses that do not come from Slack's API but from a proxy, the load balancer in front of it, or another server.
ApiResponse read_status(Method method, const HttpResult& result) {
  const int status = result.status;
  const std::string detail = std::string(method_name(method)) + " returned HTTP " + std::to_string(status) + " without Slack's JSON";
  if (status == 401 || status == 403 || status == 407) {
    return fail(Outcome::misconfigured("unauthorized", detail + "; check bot_token, and the proxy if there is one"));
  }
  if (status == 404 || status == 405 || status == 410) return fail(Outcome::misconfigured("not_found", detail + "; check api_url"));
  if (status >= 300 && status < 400) {
    return fail(Outcome::misconfigured("redirected", detail + "; redirects are not followed with a token; check api_url"));
  }
  if (status == 408 || status == 425) return fail(Outcome::retry("try_later", detail));
  if (status == 413 && not_idempotent(method)) return fail(Outcome::retry("bad_answer", detail), ApiResponse::FollowUp::shorter);
  if (status >= 400 && status < 500) return fail(Outcome::retry("bad_answer", detail + "; check the proxy if there is one"));
  Outcome outcome = Outcome::retry(status >= 500 ? "server_error" : "bad_answer", detail).maybe_delivered(not_idempotent(method));
  if (const auto after = result.retry_after()) outcome = outcome.retry_after(*after);
  return fail(outcome);
}

ApiResponse read_error(Method method, const HttpResult& result, const json& answer) {
  const std::string name = shown(answer, "error");
  const auto* const code = std::ranges::find(kCodes, std::string_view(name), &Code::name);
  std::string detail =
      "Slack answered " + (name.empty() ? "without an error code" : name) + " to " + std::string(method_name(method)) + hints(answer);
  if (code == kCodes.end()) {
    if (result.status >= 500) return read_status(method, result);
    return fail(Outcome::retry(std::string(kUndocumented), detail),
                not_idempotent(method) ? ApiResponse::FollowUp::text_only : ApiResponse::FollowUp::none);
  }
  if (!code->advice.empty()) detail.append(": ").append(code->advice);
  const std::string reason(code->name);
  const bool ambiguous = not_idempotent(method);
  switch (code->kind) {
    case Kind::ambiguous: return fail(Outcome::retry(reason, detail).maybe_delivered(ambiguous));
    case Kind::migration: return fail(Outcome::retry(reason, detail).retry_after(kMigrationPause));
    case Kind::limited: return fail(limited(method, result, false, detail));
    case Kind::limited_channel: return fail(limited(method, result, true, detail));
    case Kind::quota: return fail(Outcome::rate_limited(kQuotaPause, LimitScope::account, detail, reason));
    case Kind::setup: return fail(Outcome::misconfigured(reason, detail));
    case Kind::user: return fail(Outcome::rejected(reason, detail), ApiResponse::FollowUp::forget_user);
    case Kind::no_such_user: return fail(Outcome::rejected("user_not_found", detail), ApiResponse::FollowUp::no_such_user);
    case Kind::metadata: return fail(Outcome::rejected(reason, detail), ApiResponse::FollowUp::without_metadata);
    case Kind::length: return fail(Outcome::rejected(reason, detail), ApiResponse::FollowUp::shorter);
    case Kind::blocks: return fail(Outcome::rejected(reason, detail), ApiResponse::FollowUp::text_only);
    case Kind::target:
    case Kind::bug: break;
  }
  return fail(Outcome::rejected(reason, detail));
}

ApiResponse read_answer(Method method, const HttpResult& result) {
  json answer = parse_untrusted(result.body);
  const bool slack_json = answer.is_object() && answer.contains("ok") && answer["ok"].is_boolean();
  if (result.status == 429) {
    const bool one_channel = slack_json && text_of(answer, "error") == "rate_limited";
    return fail(limited(method, result, one_channel, "Slack is rate-limiting " + std::string(method_name(method))));
  }
  if (!slack_json) return read_status(method, result);
  if (!answer["ok"].get<bool>()) return read_error(method, result, answer);
  // "ok" counts only with a success status: a 500 with "ok" is a page cached by a proxy.
  if (!result.success()) return read_status(method, result);
  return {.failure = std::nullopt, .body = std::move(answer)};
}

}  // namespace

std::string_view method_name(Method method) {
  switch (method) {
    case Method::auth_test: return "auth.test";
    case Method::users_list: return "users.list";
    case Method::lookup: return "users.lookupByEmail";
    case Method::open: return "conversations.open";
    case Method::history: return "conversations.history";
    case Method::replies: return "conversations.replies";
    case Method::info: return "conversations.info";
    case Method::post: return "chat.postMessage";
    case Method::update: return "chat.update";
    case Method::renew: return "oauth.v2.access";
    case Method::exchange: return "oauth.v2.exchange";
    case Method::validate: return "blocks.validate";
  }
  return "";
}

const json& object_of(const json& object, const char* key) {
  static const json kNone = json::object();
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : kNone;
}

std::string next_cursor(const json& page) { return text_of(object_of(page, "response_metadata"), "next_cursor"); }

ApiResponse classify(Method method, const HttpResult& result) {
  ApiResponse response = result.answered() ? read_answer(method, result) : read_transport(method, result);
  response.status = result.status;
  if (const auto scopes = result.header("x-oauth-scopes"); !scopes.empty()) response.scopes = scopes;
  if (response.failure) response.failure->status = result.status;
  return response;
}

}  // namespace belfry::slack
