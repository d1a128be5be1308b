#include "slack/deliver/reconcile.hpp"

#include <algorithm>
#include <utility>

namespace belfry::slack {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kVisible = seconds(5);  // after this, Slack shows all it has accepted, including requests in flight
constexpr Millis kClocks = minutes(5);   // maximum error of the estimated clock skew
constexpr Millis kReconcileRetryDelay = seconds(15);
constexpr Millis kReconcileTimeout = minutes(10);  // after this, a duplicate is better than no message
constexpr Millis kUnreadable = minutes(60);
constexpr const char* kHistoryPageSize = "100";
constexpr int kMaxPages = 5;
constexpr std::size_t kMaxRecords = 10'000;
constexpr std::size_t kMaxUnreadable = 1'000;

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

bool has_more(const json& answer) {
  const auto found = answer.find("has_more");
  return found != answer.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

void Reconciler::use(Services services) {
  services_ = services;
  started_ = now();
}

Reconciler::AttemptRecord& Reconciler::record(const std::string& delivery_id) {
  if (records_.size() >= kMaxRecords && !records_.contains(delivery_id)) records_.clear();
  return records_[delivery_id];
}

void Reconciler::attempt_ended(const std::string& delivery_id, bool in_doubt) {
  if (in_doubt) {
    record(delivery_id) = {.attempted = now()};
  } else {
    records_.erase(delivery_id);
  }
}

MonotonicTime Reconciler::visible_at(const std::string& delivery_id) const {
  const auto found = records_.find(delivery_id);
  return (found == records_.end() ? started_ : found->second.attempted.value_or(started_)) + kVisible;
}

Task<ReconcileResult> Reconciler::find_delivery(const Message& message, std::string to, std::optional<Thread> thread) {
  const std::string id = message.delivery_id();
  const std::string conversation = is_user_id(to) || to.starts_with('D') ? "D" : to;
  if (const auto until = unreadable_.find(conversation); until != unreadable_.end() && now() < until->second) {
    co_return ReconcileResult::unknown("the app may not read this conversation");
  }
  std::string channel = to;
  if (is_user_id(to)) {
    const ApiResponse direct = co_await dm_channels_.channel_of(to);
    if (direct.failure) co_return undetermined(id, *direct.failure);
    channel = text_of(direct.body, "id");
  }
  Search seen = co_await search(message, channel, thread);
  const Millis wait = visible_at(id) - now();
  if (!seen.found && !seen.failure && wait.count() > 0) {
    co_await services_.clock().sleep_for(wait);
    seen = co_await search(message, channel, thread);
  }
  if (seen.failure) {
    if (seen.failure->reason == "missing_scope") {
      if (unreadable_.size() >= kMaxUnreadable) unreadable_.clear();
      unreadable_[conversation] = now() + kUnreadable;
    }
    co_return undetermined(id, *seen.failure);
  }
  records_.erase(id);
  if (!seen.found && poster_.metadata_refused())
    co_return ReconcileResult::unknown("Slack has refused the metadata by which messages are found");
  if (!seen.found) co_return ReconcileResult::absent();
  services_.metrics().add("slack_messages_found");
  const std::string ts = text_of(*seen.found, "ts");
  json data = {{"channel", channel}, {"ts", ts}};
  if (const std::string root = text_of(*seen.found, "thread_ts"); !root.empty() && root != ts) data["thread_ts"] = root;
  co_return ReconcileResult::found({{"id", ts}, {"data", std::move(data)}});
}

ReconcileResult Reconciler::undetermined(const std::string& delivery_id, const Outcome& failure) {
  if (failure.reason == "missing_scope") {
    if (warned_.insert(failure.detail).second) {
      services_.log().warn(
          "cannot check whether a message arrived after a crash or a broken connection, so it is sent again with a note; "
          "grant im:history (for channels channels:history, for private ones groups:history): " +
          failure.detail);
    }
    return ReconcileResult::unknown(failure.detail);
  }
  AttemptRecord& known = record(delivery_id);
  if (!known.first_failed) known.first_failed = now();
  const bool hopeless = failure.code == Outcome::Code::rejected || now() - *known.first_failed >= kReconcileTimeout;
  if (hopeless) return ReconcileResult::unknown(failure.detail);
  return ReconcileResult::later(std::max(failure.after.value_or(kReconcileRetryDelay), kReconcileRetryDelay), failure.detail);
}

// Times in a history are Slack's. Its clock skew is estimated from its responses, so the first one may reveal that the search period was
// too short.
Task<Reconciler::Search> Reconciler::search(const Message& message, std::string channel, std::optional<Thread> thread) {
  const Millis believed = api_.clock_skew();
  Search seen = co_await search_since(received(message) - believed - kClocks, message, channel, thread);
  const Millis shown = api_.clock_skew();
  if (seen.found || seen.failure || shown - believed <= kClocks) co_return seen;
  co_return co_await search_since(received(message) - shown - kClocks, message, channel, thread);
}

Task<Reconciler::Search> Reconciler::search_since(Millis since, const Message& message, std::string channel, std::optional<Thread> thread) {
  Query query = {{"channel", channel}, {"oldest", slack_time(since)}, {"limit", kHistoryPageSize}, {"include_all_metadata", "true"}};
  Search seen = co_await read_pages(Method::history, query, message.delivery_id());
  if (!thread || seen.found || seen.failure) co_return seen;
  // The edited message can be older than the event, and replies are not in the history. conversations.replies returns the parent before the
  // replies, however old it is.
  query[0].second = thread->channel;
  query.emplace_back("ts", thread->ts);
  seen = co_await read_pages(Method::replies, query, message.delivery_id());
  if (seen.failure && seen.failure->reason == "thread_not_found") co_return Search{};  // deleted, along with its content
  co_return seen;
}

Task<Reconciler::Search> Reconciler::read_pages(Method method, Query query, std::string delivery_id) {
  std::string cursor;
  for (int page = 0; page < kMaxPages; ++page) {
    if (api_.rate_limits().busy(method)) {
      co_return Search{.found = {},
                       .failure = Outcome::rate_limited(kReconcileRetryDelay, LimitScope::recipient,
                                                        std::string(method_name(method)) + " has reached its rate limit")};
    }
    Query page_query = query;
    if (!cursor.empty()) page_query.emplace_back("cursor", cursor);
    ApiResponse response = co_await api_.get(method, std::move(page_query));
    if (response.failure) {
      co_return Search{.found = {}, .failure = std::move(response.failure)};
    }
    const auto messages = response.body.find("messages");
    if (messages == response.body.end() || !messages->is_array()) {
      co_return Search{
          .found = {},
          .failure = Outcome::retry("bad_answer", "Slack's response to " + std::string(method_name(method)) + " has no messages")};
    }
    for (const json& message : *messages) {
      if (carries(message, delivery_id)) co_return Search{.found = message, .failure = {}};
    }
    cursor = next_cursor(response.body);
    if (cursor.empty()) {
      if (!has_more(response.body)) co_return Search{};
      break;
    }
  }
  co_return Search{.found = {},
                   .failure = Outcome::rejected("too_many_messages", "the conversation has more messages since then than can be searched")};
}

}  // namespace belfry::slack
