#include "slack/reconcile.hpp"

#include <algorithm>
#include <utility>

namespace belfry::slack {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kVisible = seconds(5);  // after this Slack shows what it has accepted; also for a request that was on its way
constexpr Millis kClocks = minutes(5);   // how far Slack's clock may be from where it is believed to be
constexpr Millis kAskAgain = seconds(15);
constexpr Millis kPatience = minutes(10);  // then rather twice than not at all
constexpr Millis kUnreadable = minutes(60);
constexpr const char* kPageSize = "100";
constexpr int kMostPages = 5;
constexpr std::size_t kMostNotes = 10'000;
constexpr std::size_t kMostUnreadable = 1'000;

std::string slack_time(Millis at) {
  const auto whole = std::chrono::duration_cast<seconds>(at).count();
  return std::to_string(std::max<std::int64_t>(0, whole)) + ".000000";
}

Millis received(const Message& message) {
  const auto oldest = std::ranges::min_element(message.items(), {}, &Item::received_at);
  return oldest->received_at.time_since_epoch();
}

bool carries(const json& message, const std::string& delivery_id) {
  const json& metadata = object_of(message, "metadata");
  return text_of(metadata, "event_type") == "belfry_delivery" &&
         text_of(object_of(metadata, "event_payload"), "delivery_id") == delivery_id;
}

bool says_more(const json& answer) {
  const auto found = answer.find("has_more");
  return found != answer.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

void Reconciler::use(Services services) {
  services_ = services;
  started_ = now();
}

Reconciler::Note& Reconciler::note(const std::string& delivery_id) {
  if (notes_.size() >= kMostNotes && !notes_.contains(delivery_id)) notes_.clear();
  return notes_[delivery_id];
}

void Reconciler::attempt_ended(const std::string& delivery_id, bool in_doubt) {
  if (in_doubt) {
    note(delivery_id) = {.attempted = now()};
  } else {
    notes_.erase(delivery_id);
  }
}

Millis Reconciler::visible_at(const std::string& delivery_id) const {
  const auto found = notes_.find(delivery_id);
  const bool mine = found != notes_.end() && found->second.attempted.count() != 0;
  return (mine ? found->second.attempted : started_) + kVisible;
}

Task<Reconciled> Reconciler::look_for(const Message& message, std::string to, std::optional<Thread> thread) {
  const std::string id = message.delivery_id();
  const std::string conversation = is_user_id(to) || to.starts_with('D') ? "D" : to;
  if (const auto until = unreadable_.find(conversation); until != unreadable_.end() && now() < until->second) {
    co_return Reconciled::unknown("the app may not read this conversation");
  }
  std::string channel = to;
  if (is_user_id(to)) {
    const Reading direct = co_await direct_.channel_of(to);
    if (direct.failure) co_return cannot(id, *direct.failure);
    channel = text_of(direct.body, "id");
  }
  Look seen = co_await look(message, channel, thread);
  const Millis wait = visible_at(id) - now();
  if (!seen.found && !seen.failure && wait.count() > 0) {
    co_await services_.clock().sleep_for(wait);
    seen = co_await look(message, channel, thread);
  }
  if (seen.failure) {
    if (seen.failure->reason == "missing_scope") {
      if (unreadable_.size() >= kMostUnreadable) unreadable_.clear();
      unreadable_[conversation] = now() + kUnreadable;
    }
    co_return cannot(id, *seen.failure);
  }
  notes_.erase(id);
  if (!seen.found && poster_.metadata_refused())
    co_return Reconciled::unknown("Slack has refused the metadata by which a message is found");
  if (!seen.found) co_return Reconciled::absent();
  services_.metrics().add("slack_messages_found");
  const std::string ts = text_of(*seen.found, "ts");
  json data = {{"channel", channel}, {"ts", ts}};
  if (const std::string root = text_of(*seen.found, "thread_ts"); !root.empty() && root != ts) data["thread_ts"] = root;
  co_return Reconciled::found({{"id", ts}, {"data", std::move(data)}});
}

Reconciled Reconciler::cannot(const std::string& delivery_id, const Outcome& failure) {
  if (failure.reason == "missing_scope") {
    if (said_.insert(failure.detail).second) {
      services_.log().warn(
          "it cannot be seen whether a message arrived after a crash or a broken connection, so that it is sent again and marked; "
          "grant im:history (for channels channels:history, for private ones groups:history): " +
          failure.detail);
    }
    return Reconciled::unknown(failure.detail);
  }
  Note& known = note(delivery_id);
  if (known.asked.count() == 0) known.asked = now();
  const bool hopeless = failure.code == Outcome::Code::rejected || now() - known.asked >= kPatience;
  if (hopeless) return Reconciled::unknown(failure.detail);
  return Reconciled::later(std::max(failure.after.value_or(kAskAgain), kAskAgain), failure.detail);
}

// Times in a history are Slack's. How far its clock is from this one is known from its answers, the first of which may say that it was
// asked about too short a time.
Task<Reconciler::Look> Reconciler::look(const Message& message, std::string channel, std::optional<Thread> thread) {
  const Millis believed = calls_.ahead_of_slack();
  Look seen = co_await look_since(received(message) - believed - kClocks, message, channel, thread);
  const Millis shown = calls_.ahead_of_slack();
  if (seen.found || seen.failure || shown - believed <= kClocks) co_return seen;
  co_return co_await look_since(received(message) - shown - kClocks, message, channel, thread);
}

Task<Reconciler::Look> Reconciler::look_since(Millis since, const Message& message, std::string channel, std::optional<Thread> thread) {
  Query query = {{"channel", channel}, {"oldest", slack_time(since)}, {"limit", kPageSize}, {"include_all_metadata", "true"}};
  Look seen = co_await read_pages(Call::history, query, message.delivery_id());
  if (!thread || seen.found || seen.failure) co_return seen;
  // The message that it may have changed can be older than the event, and replies are not in the history. It comes before the replies,
  // however old it is.
  query[0].second = thread->channel;
  query.emplace_back("ts", thread->ts);
  seen = co_await read_pages(Call::replies, query, message.delivery_id());
  if (seen.failure && seen.failure->reason == "thread_not_found") co_return Look{};  // deleted, and what it said with it
  co_return seen;
}

Task<Reconciler::Look> Reconciler::read_pages(Call call, Query query, std::string delivery_id) {
  std::string cursor;
  for (int page = 0; page < kMostPages; ++page) {
    if (calls_.budgets().busy(call)) {
      co_return Look{.found = {},
                     .failure = Outcome::rate_limited(kAskAgain, LimitScope::recipient, std::string(method_of(call)) + " is busy")};
    }
    Query asked = query;
    if (!cursor.empty()) asked.emplace_back("cursor", cursor);
    Reading reading = co_await calls_.get(call, std::move(asked));
    if (reading.failure) {
      co_return Look{.found = {}, .failure = std::move(reading.failure)};
    }
    const auto messages = reading.body.find("messages");
    if (messages == reading.body.end() || !messages->is_array()) {
      co_return Look{.found = {},
                     .failure = Outcome::retry("bad_answer", "Slack's answer to " + std::string(method_of(call)) + " has no messages")};
    }
    for (const json& message : *messages) {
      if (carries(message, delivery_id)) co_return Look{.found = message, .failure = {}};
    }
    cursor = next_cursor(reading.body);
    if (cursor.empty()) {
      if (!says_more(reading.body)) co_return Look{};
      break;
    }
  }
  co_return Look{.found = {},
                 .failure = Outcome::rejected("too_many_messages", "there are more messages since then than can be looked through")};
}

}  // namespace belfry::slack
