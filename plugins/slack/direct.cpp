#include "slack/direct.hpp"

#include <utility>

namespace belfry::slack {
namespace {

constexpr std::size_t kMostKept = 10'000;
constexpr Millis kRefused = std::chrono::hours(1);

std::string key_of(const std::string& user) { return "dm:" + user; }

Reading failed(Outcome outcome) { return {.failure = std::move(outcome), .body = nullptr}; }

Reading known(const std::string& channel) { return {.failure = std::nullopt, .body = {{"id", channel}}}; }

}  // namespace

bool is_user_id(std::string_view id) { return id.starts_with('U') || id.starts_with('W'); }

void Direct::remember(const std::string& user, const std::string& channel) {
  if (!is_user_id(user) || !channel.starts_with('D')) return;
  if (channels_.size() >= kMostKept) channels_.clear();
  std::string& slot = channels_[user];
  if (slot == channel) return;
  slot = channel;
  services_.kv(KvScope::credential).put(key_of(user), channel);
}

Task<Reading> Direct::channel_of(std::string user) {
  if (const auto found = channels_.find(user); found != channels_.end()) co_return known(found->second);
  const KvResult kept = co_await services_.kv(KvScope::credential).get(key_of(user));
  if (kept.ok() && kept.value.starts_with('D')) co_return known(channels_.insert_or_assign(user, kept.value).first->second);
  const Millis now = services_.clock().monotonic();
  if (refused_ && now < refused_until_) co_return failed(*refused_);
  if (calls_.budgets().busy(Call::open)) {
    co_return failed(Outcome::rate_limited(calls_.budgets().wait(Call::open), LimitScope::recipient, "conversations.open is busy"));
  }
  std::string arguments = nlohmann::json{{"users", user}}.dump();
  Reading opened = co_await calls_.post(Call::open, std::move(arguments));
  if (opened.failure) {
    if (opened.failure->reason == "missing_scope") {
      refused_ = opened.failure;
      refused_until_ = now + kRefused;
    }
    co_return opened;
  }
  const std::string id = text_of(object_of(opened.body, "channel"), "id");
  if (id.empty()) co_return failed(Outcome::retry("bad_answer", "Slack's answer to conversations.open has no channel id"));
  remember(user, id);
  co_return known(id);
}

}  // namespace belfry::slack
