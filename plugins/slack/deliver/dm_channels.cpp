#include "slack/deliver/dm_channels.hpp"

#include <utility>

namespace belfry::slack {
namespace {

constexpr std::size_t kMaxChannels = 10'000;
constexpr Millis kRefused = std::chrono::hours(1);

std::string key_of(const std::string& user) { return "dm:" + user; }

ApiResponse failed(Outcome outcome) { return {.failure = std::move(outcome), .body = nullptr}; }

ApiResponse channel_response(const std::string& channel) { return {.failure = std::nullopt, .body = {{"id", channel}}}; }

}  // namespace

bool is_user_id(std::string_view id) { return id.starts_with('U') || id.starts_with('W'); }

void DmChannels::remember(const std::string& user, const std::string& channel) {
  if (!is_user_id(user) || !channel.starts_with('D')) return;
  if (channels_.size() >= kMaxChannels) channels_.clear();
  std::string& slot = channels_[user];
  if (slot == channel) return;
  slot = channel;
  services_.kv(Scope::account).put(key_of(user), channel);
}

Task<ApiResponse> DmChannels::channel_of(std::string user) {
  if (const auto found = channels_.find(user); found != channels_.end()) co_return channel_response(found->second);
  const KvResult kept = co_await services_.kv(Scope::account).get(key_of(user));
  if (kept.ok() && kept.value.starts_with('D')) co_return channel_response(channels_.insert_or_assign(user, kept.value).first->second);
  const MonotonicTime now = services_.clock().monotonic();
  if (refused_ && now < refused_until_) co_return failed(*refused_);
  if (api_.rate_limits().busy(Method::open)) {
    co_return failed(Outcome::rate_limited(api_.rate_limits().wait_time(Method::open), LimitScope::recipient,
                                           "conversations.open has reached its rate limit"));
  }
  std::string arguments = nlohmann::json{{"users", user}}.dump();
  ApiResponse opened = co_await api_.post(Method::open, std::move(arguments));
  if (opened.failure) {
    if (opened.failure->reason == "missing_scope") {
      refused_ = opened.failure;
      refused_until_ = now + kRefused;
    }
    co_return opened;
  }
  const std::string id = text_of(object_of(opened.body, "channel"), "id");
  if (id.empty()) co_return failed(Outcome::retry("bad_answer", "Slack's response to conversations.open has no channel id"));
  remember(user, id);
  co_return channel_response(id);
}

}  // namespace belfry::slack
