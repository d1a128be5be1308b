#include "slack/deliver/user_lookup.hpp"

#include <optional>
#include <utility>

namespace belfry::slack {
namespace {

constexpr Millis kMaxLookupWait = std::chrono::seconds(2);  // for the rate limit of lookups, while a delivery waits
constexpr Millis kPendingLookupRetry{500};                  // while a background lookup is in progress
constexpr std::size_t kMaxBackgroundLookups = 1'000;
constexpr Millis kSoon = std::chrono::seconds(5);  // retry of the member list after a failure; doubled each time, up to kRarely
constexpr Millis kRarely = std::chrono::minutes(10);
constexpr const char* kMembersPageSize = "200";  // the page size of Slack's own clients

// An address that is too long for a key is not stored, but looked up again after a restart.
std::optional<std::string> kv_key(const std::string& email) {
  std::string key = "user:" + email;
  return key.size() <= BELFRY_MAX_KV_KEY_BYTES ? std::optional(std::move(key)) : std::nullopt;
}

const Outcome kNobody =
    Outcome::rejected("user_not_found", "no active member of the Slack workspace had this e-mail address when it was last looked up");

Outcome later(Millis wait) {
  return Outcome::rate_limited(wait, LimitScope::recipient, "users.lookupByEmail has reached its rate limit", "lookups_limited");
}

bool is_true(const nlohmann::json& object, const char* key) { return object.value(key, nlohmann::json()) == true; }

}  // namespace

UserLookup::UserLookup(WebApi& api, const EmailMap& map, const LookupSettings& settings)
    : api_(api), map_(map), prefill_(settings.prefill), cache_(settings.found, settings.missing) {}

void UserLookup::use(Services services) {
  services_ = services;
  if (prefill_) services_.spawn(prefill());
}

Task<UserResult> UserLookup::find(std::string email, MonotonicTime deadline) {
  if (auto answer = find_cached(email)) co_return std::move(*answer);
  Task<UserResult> work = look_up(email, deadline);
  co_return co_await lookups_.run(std::move(email), std::move(work));
}

std::optional<UserResult> UserLookup::find_cached(const std::string& email) {
  const auto entry = cache_.find(email, now());
  if (!entry) return std::nullopt;
  if (entry->user.empty()) return std::unexpected(kNobody);
  return User{entry->user, true};
}

Task<UserResult> UserLookup::look_up(std::string email, MonotonicTime deadline) {
  if (const auto key = kv_key(email)) {
    const KvResult kept = co_await services_.kv(Scope::account).get(*key);
    if (kept.ok()) cache_.restore(email, kept.value, now());
    if (auto answer = find_cached(email)) co_return std::move(*answer);
  }
  if (background_lookups_.contains(email)) co_return std::unexpected(later(kPendingLookupRetry));
  const Millis wait = api_.rate_limits().wait_time(Method::lookup);
  if (wait <= kMaxLookupWait) co_return co_await query_slack(std::move(email), deadline);
  if (background_lookups_.size() < kMaxBackgroundLookups) {
    background_lookups_.insert(email);
    services_.spawn(look_up_in_background(std::move(email)));
  }
  co_return std::unexpected(later(wait));
}

Task<UserResult> UserLookup::query_slack(std::string email, std::optional<MonotonicTime> deadline) {
  Query query;
  query.emplace_back("email", email);
  const ApiResponse response = co_await api_.get(Method::lookup, std::move(query), deadline);
  const auto keep = [&](const UserCache::Entry& entry) {
    if (const auto key = kv_key(email)) services_.kv(Scope::account).put(*key, UserCache::keep(entry));
  };
  if (response.failure) {
    if (response.follow_up == ApiResponse::FollowUp::no_such_user) keep(cache_.add_missing(email, now()));
    Outcome failure = *response.failure;
    // Deliveries to cached users are not affected.
    if (failure.code == Outcome::Code::rate_limited) failure.scope = LimitScope::recipient;
    co_return std::unexpected(std::move(failure));
  }
  const auto& user = object_of(response.body, "user");
  const std::string id = text_of(user, "id");
  if (id.empty()) {
    co_return std::unexpected(
        Outcome::retry("bad_answer", "Slack's response to users.lookupByEmail has no user id").http_status(response.status));
  }
  if (is_true(user, "deleted")) {
    keep(cache_.add_missing(email, now()));
    co_return std::unexpected(
        Outcome::rejected("user_not_found", "the member of the Slack workspace with this e-mail address is deactivated"));
  }
  keep(cache_.add_found(email, id, now()));
  report_time_zone(email, user);
  co_return User{id, false};
}

Task<> UserLookup::look_up_in_background(std::string email) {
  struct Mark {
    std::set<std::string>& all;
    const std::string& mine;
    ~Mark() { all.erase(mine); }
  };
  const Mark mark{background_lookups_, email};
  co_await query_slack(email, std::nullopt);
}

void UserLookup::report_time_zone(const std::string& email, const nlohmann::json& user) const {
  const std::string zone = text_of(user, "tz");
  if (zone.empty() || zone.size() > BELFRY_MAX_TIME_ZONE_BYTES) return;
  for (const std::string& from : map_.sources(email)) {
    if (from.size() <= BELFRY_MAX_EMAIL_BYTES) services_.recipients().set_time_zone(from, zone);
  }
}

Task<> UserLookup::forget(std::string email) {
  cache_.forget(email);
  if (const auto key = kv_key(email)) co_await services_.kv(Scope::account).erase(*key);
}

// Only saves lookups: an address that is not on the list is still looked up, because the person may be newer than the list.
Task<> UserLookup::prefill() {
  std::size_t learned = 0;
  std::string cursor, logged;
  Millis wait = kSoon;
  while (!cache_.full()) {
    Query query;
    query.emplace_back("limit", kMembersPageSize);
    if (!cursor.empty()) query.emplace_back("cursor", cursor);
    const ApiResponse page = co_await api_.get(Method::users_list, std::move(query));
    if (page.failure) {
      const Outcome& failure = *page.failure;
      const bool rate_limited = failure.code == Outcome::Code::rate_limited;
      if (!rate_limited && failure.detail != logged) {
        services_.log().warn("cannot finish reading the member list; people missing from it are looked up one by one: " + failure.detail);
        logged = failure.detail;
      }
      if (failure.code == Outcome::Code::rejected) co_return;
      // The next page waits for the end of a pause anyway, at the gateway, which bounds it and may end it earlier.
      const Millis pause = rate_limited ? std::min(*failure.after, kRarely) : std::exchange(wait, std::min(wait * 2, kRarely));
      co_await services_.clock().sleep_for(pause);
      continue;
    }
    wait = kSoon;
    learned += learn(page.body);
    const std::string next = next_cursor(page.body);
    if (next.empty() || next == cursor) break;
    cursor = next;
  }
  services_.log().info("read " + std::to_string(learned) + " people from the member list");
}

std::size_t UserLookup::learn(const nlohmann::json& page) {
  std::size_t learned = 0;
  const auto members = page.find("members");
  if (members == page.end() || !members->is_array()) return learned;
  for (const auto& member : *members) {
    if (!member.is_object() || is_true(member, "deleted") || is_true(member, "is_bot")) continue;
    const std::string id = text_of(member, "id");
    const std::string email = normalize_email(text_of(object_of(member, "profile"), "email"));
    if (id.empty() || email.empty() || cache_.full()) continue;
    cache_.add_found(email, id, now());
    report_time_zone(email, member);
    ++learned;
  }
  return learned;
}

}  // namespace belfry::slack
