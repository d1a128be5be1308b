// Every error code that Slack documents for the calls of this sink, and what the sink does about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "slack/web_api/classify.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using enum Outcome::Code;
using FollowUp = ApiResponse::FollowUp;

HttpResult refused_call(const std::string& code, json more = json::object()) {
  HttpResult result;
  result.status = 200;
  more.update({{"ok", false}, {"error", code}});
  result.body = more.dump();
  return result;
}

struct CodeCase {
  std::string code;
  Outcome::Code outcome;
  bool maybe;  // a post may have arrived nevertheless
  FollowUp follow_up;
};

TEST(Errors, EveryDocumentedCode) {
  std::set<std::string> seen;
  for (const auto& [code, outcome, maybe, follow_up] : std::initializer_list<CodeCase>{
           {"internal_error", retry, true, FollowUp::none},
           {"fatal_error", retry, true, FollowUp::none},
           {"service_unavailable", retry, true, FollowUp::none},
           {"request_timeout", retry, true, FollowUp::none},
           {"duplicate_message_not_found", retry, true, FollowUp::none},
           {"duplicate_channel_not_found", retry, true, FollowUp::none},
           {"update_failed", retry, true, FollowUp::none},
           {"streaming_state_conflict", retry, true, FollowUp::none},
           {"team_added_to_org", retry, false, FollowUp::none},
           {"org_login_required", retry, false, FollowUp::none},
           {"external_channel_migrating", retry, false, FollowUp::none},
           {"ratelimited", rate_limited, false, FollowUp::none},
           {"rate_limited", rate_limited, false, FollowUp::none},
           {"message_limit_exceeded", rate_limited, false, FollowUp::none},
           {"not_authed", misconfigured, false, FollowUp::none},
           {"invalid_auth", misconfigured, false, FollowUp::none},
           {"account_inactive", misconfigured, false, FollowUp::none},
           {"token_revoked", misconfigured, false, FollowUp::none},
           {"token_expired", misconfigured, false, FollowUp::none},
           {"missing_scope", misconfigured, false, FollowUp::none},
           {"no_permission", misconfigured, false, FollowUp::none},
           {"not_allowed_token_type", misconfigured, false, FollowUp::none},
           {"team_access_not_granted", misconfigured, false, FollowUp::none},
           {"access_denied", misconfigured, false, FollowUp::none},
           {"accesslimited", misconfigured, false, FollowUp::none},
           {"enterprise_is_restricted", misconfigured, false, FollowUp::none},
           {"two_factor_setup_required", misconfigured, false, FollowUp::none},
           {"ekm_access_denied", misconfigured, false, FollowUp::none},
           {"app_access_restricted", misconfigured, false, FollowUp::none},
           {"messages_tab_disabled", misconfigured, false, FollowUp::none},
           {"as_user_not_supported", misconfigured, false, FollowUp::none},
           {"send_on_behalf_not_allowed", misconfigured, false, FollowUp::none},
           {"metadata_must_be_sent_from_app", misconfigured, false, FollowUp::none},
           {"channel_not_found", rejected, false, FollowUp::forget_user},
           {"user_not_found", rejected, false, FollowUp::forget_user},
           {"user_not_visible", rejected, false, FollowUp::forget_user},
           {"user_disabled", rejected, false, FollowUp::forget_user},
           {"users_not_found", rejected, false, FollowUp::no_such_user},
           {"is_archived", rejected, false, FollowUp::none},
           {"not_in_channel", rejected, false, FollowUp::none},
           {"team_not_found", rejected, false, FollowUp::none},
           {"restricted_action", rejected, false, FollowUp::none},
           {"restricted_action_read_only_channel", rejected, false, FollowUp::none},
           {"restricted_action_thread_only_channel", rejected, false, FollowUp::none},
           {"restricted_action_non_threadable_channel", rejected, false, FollowUp::none},
           {"restricted_action_thread_locked", rejected, false, FollowUp::none},
           {"cannot_reply_to_message", rejected, false, FollowUp::none},
           {"slack_connect_canvas_sharing_blocked", rejected, false, FollowUp::none},
           {"slack_connect_file_link_sharing_blocked", rejected, false, FollowUp::none},
           {"slack_connect_lists_sharing_blocked", rejected, false, FollowUp::none},
           {"method_not_supported_for_channel_type", rejected, false, FollowUp::none},
           {"message_not_found", rejected, false, FollowUp::none},
           {"cant_update_message", rejected, false, FollowUp::none},
           {"thread_not_found", rejected, false, FollowUp::none},
           {"edit_window_closed", rejected, false, FollowUp::none},
           {"is_inactive", rejected, false, FollowUp::none},
           {"metadata_too_large", rejected, false, FollowUp::without_metadata},
           {"invalid_metadata_format", rejected, false, FollowUp::without_metadata},
           {"invalid_metadata_schema", rejected, false, FollowUp::without_metadata},
           {"msg_too_long", rejected, false, FollowUp::shorter},
           {"msg_blocks_too_long", rejected, false, FollowUp::shorter},
           {"attachment_payload_limit_exceeded", rejected, false, FollowUp::shorter},
           {"invalid_blocks", rejected, false, FollowUp::text_only},
           {"invalid_blocks_format", rejected, false, FollowUp::text_only},
           {"invalid_attachments", rejected, false, FollowUp::text_only},
           {"too_many_attachments", rejected, false, FollowUp::text_only},
           {"too_many_contact_cards", rejected, false, FollowUp::text_only},
           {"markdown_text_conflict", rejected, false, FollowUp::text_only},
           {"no_text", rejected, false, FollowUp::text_only},
           {"missing_file_data", rejected, false, FollowUp::text_only},
           {"block_mismatch", rejected, false, FollowUp::none},
           {"invalid_arguments", rejected, false, FollowUp::none},
           {"invalid_arg_name", rejected, false, FollowUp::none},
           {"invalid_array_arg", rejected, false, FollowUp::none},
           {"invalid_charset", rejected, false, FollowUp::none},
           {"invalid_form_data", rejected, false, FollowUp::none},
           {"invalid_post_type", rejected, false, FollowUp::none},
           {"missing_post_type", rejected, false, FollowUp::none},
           {"invalid_json", rejected, false, FollowUp::none},
           {"json_not_object", rejected, false, FollowUp::none},
           {"deprecated_endpoint", rejected, false, FollowUp::none},
           {"method_deprecated", rejected, false, FollowUp::none},
           {"users_list_not_supplied", rejected, false, FollowUp::none},
           {"invalid_user_combination", rejected, false, FollowUp::none},
           {"too_many_users", rejected, false, FollowUp::none},
           {"time_in_past", rejected, false, FollowUp::none},
           {"time_too_far", rejected, false, FollowUp::none},
           {"restricted_too_many", rejected, false, FollowUp::none},
       }) {
    EXPECT_TRUE(seen.insert(code).second) << code;
    const ApiResponse response = classify(Method::post, refused_call(code));
    ASSERT_TRUE(response.failure) << code;
    EXPECT_EQ(response.failure->code, outcome) << code;
    EXPECT_EQ(response.failure->ambiguous, maybe) << code;
    EXPECT_EQ(response.follow_up, follow_up) << code;
    EXPECT_EQ(response.failure->status, 200) << code;
    EXPECT_THAT(response.failure->detail, HasSubstr(code));
    EXPECT_EQ(response.failure->reason, code == "ratelimited" ? "rate_limited" : code == "users_not_found" ? "user_not_found" : code);
    if (outcome == misconfigured) {
      EXPECT_THAT(response.failure->detail, HasSubstr(": ")) << "includes what to do";
    }
  }
  EXPECT_EQ(seen.size(), 88u);
}

TEST(Errors, AnUnknownCodeIsNotFinalAndNoMetricLabel) {
  for (std::size_t i = 0; i < kMethodCount; ++i) {
    const auto method = static_cast<Method>(i);
    const ApiResponse response = classify(method, refused_call("something_new"));
    EXPECT_EQ(response.failure->code, retry) << method_name(method);
    EXPECT_FALSE(response.failure->ambiguous);
    EXPECT_EQ(response.failure->reason, "slack_error");
    EXPECT_THAT(response.failure->detail, HasSubstr("something_new"));
    EXPECT_EQ(response.follow_up, method == Method::post ? FollowUp::text_only : FollowUp::none);
  }
}

TEST(Errors, SayWhatToDo) {
  const auto detail = [](const std::string& code) { return classify(Method::post, refused_call(code)).failure->detail; };
  EXPECT_THAT(detail("not_in_channel"), HasSubstr("/invite @"));
  EXPECT_THAT(detail("not_in_channel"), HasSubstr("chat:write.public"));
  EXPECT_THAT(detail("messages_tab_disabled"), HasSubstr("belfry slack manifest"));
  EXPECT_THAT(detail("invalid_auth"), HasSubstr("bot_token"));
  EXPECT_THAT(detail("message_limit_exceeded"), HasSubstr("plan"));
  EXPECT_THAT(detail("app_access_restricted"), HasSubstr("administrator"));
}

TEST(Errors, AMissingScopeIsNamed) {
  const auto detail = [](json more) { return classify(Method::post, refused_call("missing_scope", std::move(more))).failure->detail; };
  EXPECT_THAT(detail({{"needed", "chat:write"}, {"provided", "users:read"}}), HasSubstr("needed: chat:write, provided: users:read"));
  EXPECT_THAT(detail({{"needed", "chat:write"}}), HasSubstr("needed: chat:write, provided: none"));
  EXPECT_THAT(detail({{"needed", 7}}), HasSubstr("reinstall"));
}

}  // namespace
}  // namespace belfry::slack
