// Every error code that Slack documents for the calls of this sink, and what the sink does about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "slack/classify.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using enum Outcome::Code;
using Then = Reading::Then;

HttpResult error(const std::string& code, json more = json::object()) {
  HttpResult result;
  result.status = 200;
  more.update({{"ok", false}, {"error", code}});
  result.body = more.dump();
  return result;
}

struct CodeCase {
  std::string code;
  Outcome::Code outcome;
  bool maybe;  // of a post: it may have arrived all the same
  Then then;
};

TEST(Errors, EveryDocumentedCode) {
  std::set<std::string> seen;
  for (const auto& [code, outcome, maybe, then] : std::initializer_list<CodeCase>{
           {"internal_error", retry, true, Then::settle},
           {"fatal_error", retry, true, Then::settle},
           {"service_unavailable", retry, true, Then::settle},
           {"request_timeout", retry, true, Then::settle},
           {"duplicate_message_not_found", retry, true, Then::settle},
           {"duplicate_channel_not_found", retry, true, Then::settle},
           {"update_failed", retry, true, Then::settle},
           {"streaming_state_conflict", retry, true, Then::settle},
           {"team_added_to_org", retry, false, Then::settle},
           {"org_login_required", retry, false, Then::settle},
           {"external_channel_migrating", retry, false, Then::settle},
           {"ratelimited", rate_limited, false, Then::settle},
           {"rate_limited", rate_limited, false, Then::settle},
           {"message_limit_exceeded", rate_limited, false, Then::settle},
           {"not_authed", misconfigured, false, Then::settle},
           {"invalid_auth", misconfigured, false, Then::settle},
           {"account_inactive", misconfigured, false, Then::settle},
           {"token_revoked", misconfigured, false, Then::settle},
           {"token_expired", misconfigured, false, Then::settle},
           {"missing_scope", misconfigured, false, Then::settle},
           {"no_permission", misconfigured, false, Then::settle},
           {"not_allowed_token_type", misconfigured, false, Then::settle},
           {"team_access_not_granted", misconfigured, false, Then::settle},
           {"access_denied", misconfigured, false, Then::settle},
           {"accesslimited", misconfigured, false, Then::settle},
           {"enterprise_is_restricted", misconfigured, false, Then::settle},
           {"two_factor_setup_required", misconfigured, false, Then::settle},
           {"ekm_access_denied", misconfigured, false, Then::settle},
           {"app_access_restricted", misconfigured, false, Then::settle},
           {"messages_tab_disabled", misconfigured, false, Then::settle},
           {"as_user_not_supported", misconfigured, false, Then::settle},
           {"send_on_behalf_not_allowed", misconfigured, false, Then::settle},
           {"metadata_must_be_sent_from_app", misconfigured, false, Then::settle},
           {"channel_not_found", rejected, false, Then::forget_user},
           {"user_not_found", rejected, false, Then::forget_user},
           {"user_not_visible", rejected, false, Then::forget_user},
           {"user_disabled", rejected, false, Then::forget_user},
           {"users_not_found", rejected, false, Then::nobody},
           {"is_archived", rejected, false, Then::settle},
           {"not_in_channel", rejected, false, Then::settle},
           {"team_not_found", rejected, false, Then::settle},
           {"restricted_action", rejected, false, Then::settle},
           {"restricted_action_read_only_channel", rejected, false, Then::settle},
           {"restricted_action_thread_only_channel", rejected, false, Then::settle},
           {"restricted_action_non_threadable_channel", rejected, false, Then::settle},
           {"restricted_action_thread_locked", rejected, false, Then::settle},
           {"cannot_reply_to_message", rejected, false, Then::settle},
           {"slack_connect_canvas_sharing_blocked", rejected, false, Then::settle},
           {"slack_connect_file_link_sharing_blocked", rejected, false, Then::settle},
           {"slack_connect_lists_sharing_blocked", rejected, false, Then::settle},
           {"method_not_supported_for_channel_type", rejected, false, Then::settle},
           {"message_not_found", rejected, false, Then::settle},
           {"cant_update_message", rejected, false, Then::settle},
           {"thread_not_found", rejected, false, Then::settle},
           {"edit_window_closed", rejected, false, Then::settle},
           {"is_inactive", rejected, false, Then::settle},
           {"metadata_too_large", rejected, false, Then::without_metadata},
           {"invalid_metadata_format", rejected, false, Then::without_metadata},
           {"invalid_metadata_schema", rejected, false, Then::without_metadata},
           {"msg_too_long", rejected, false, Then::shorter},
           {"msg_blocks_too_long", rejected, false, Then::shorter},
           {"attachment_payload_limit_exceeded", rejected, false, Then::shorter},
           {"invalid_blocks", rejected, false, Then::text_only},
           {"invalid_blocks_format", rejected, false, Then::text_only},
           {"invalid_attachments", rejected, false, Then::text_only},
           {"too_many_attachments", rejected, false, Then::text_only},
           {"too_many_contact_cards", rejected, false, Then::text_only},
           {"markdown_text_conflict", rejected, false, Then::text_only},
           {"no_text", rejected, false, Then::text_only},
           {"missing_file_data", rejected, false, Then::text_only},
           {"block_mismatch", rejected, false, Then::settle},
           {"invalid_arguments", rejected, false, Then::settle},
           {"invalid_arg_name", rejected, false, Then::settle},
           {"invalid_array_arg", rejected, false, Then::settle},
           {"invalid_charset", rejected, false, Then::settle},
           {"invalid_form_data", rejected, false, Then::settle},
           {"invalid_post_type", rejected, false, Then::settle},
           {"missing_post_type", rejected, false, Then::settle},
           {"invalid_json", rejected, false, Then::settle},
           {"json_not_object", rejected, false, Then::settle},
           {"deprecated_endpoint", rejected, false, Then::settle},
           {"method_deprecated", rejected, false, Then::settle},
           {"users_list_not_supplied", rejected, false, Then::settle},
           {"invalid_user_combination", rejected, false, Then::settle},
           {"too_many_users", rejected, false, Then::settle},
           {"time_in_past", rejected, false, Then::settle},
           {"time_too_far", rejected, false, Then::settle},
           {"restricted_too_many", rejected, false, Then::settle},
       }) {
    EXPECT_TRUE(seen.insert(code).second) << code;
    const Reading reading = read(Call::post, error(code));
    ASSERT_TRUE(reading.failure) << code;
    EXPECT_EQ(reading.failure->code, outcome) << code;
    EXPECT_EQ(reading.failure->ambiguous, maybe) << code;
    EXPECT_EQ(reading.then, then) << code;
    EXPECT_EQ(reading.failure->status, 200) << code;
    EXPECT_THAT(reading.failure->detail, HasSubstr(code));
    EXPECT_EQ(reading.failure->reason, code == "ratelimited" ? "rate_limited" : code == "users_not_found" ? "user_not_found" : code);
    if (outcome == misconfigured) {
      EXPECT_THAT(reading.failure->detail, HasSubstr(": ")) << "says what to do";
    }
  }
  EXPECT_EQ(seen.size(), 88u);
}

TEST(Errors, AnUnknownCodeIsNotFinalAndNoMetricLabel) {
  for (std::size_t i = 0; i < kCalls; ++i) {
    const auto call = static_cast<Call>(i);
    const Reading reading = read(call, error("something_new"));
    EXPECT_EQ(reading.failure->code, retry) << method_of(call);
    EXPECT_FALSE(reading.failure->ambiguous);
    EXPECT_EQ(reading.failure->reason, "slack_error");
    EXPECT_THAT(reading.failure->detail, HasSubstr("something_new"));
    EXPECT_EQ(reading.then, call == Call::post ? Then::text_only : Then::settle);
  }
}

TEST(Errors, SayWhatToDo) {
  const auto detail = [](const std::string& code) { return read(Call::post, error(code)).failure->detail; };
  EXPECT_THAT(detail("not_in_channel"), HasSubstr("/invite @"));
  EXPECT_THAT(detail("not_in_channel"), HasSubstr("chat:write.public"));
  EXPECT_THAT(detail("messages_tab_disabled"), HasSubstr("belfry slack manifest"));
  EXPECT_THAT(detail("invalid_auth"), HasSubstr("bot_token"));
  EXPECT_THAT(detail("message_limit_exceeded"), HasSubstr("plan"));
  EXPECT_THAT(detail("app_access_restricted"), HasSubstr("administrator"));
}

TEST(Errors, AMissingScopeIsNamed) {
  const auto detail = [](json more) { return read(Call::post, error("missing_scope", std::move(more))).failure->detail; };
  EXPECT_THAT(detail({{"needed", "chat:write"}, {"provided", "users:read"}}), HasSubstr("needed: chat:write, provided: users:read"));
  EXPECT_THAT(detail({{"needed", "chat:write"}}), HasSubstr("needed: chat:write, provided: none"));
  EXPECT_THAT(detail({{"needed", 7}}), HasSubstr("reinstall"));
}

}  // namespace
}  // namespace belfry::slack
