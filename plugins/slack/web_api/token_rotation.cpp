#include "slack/web_api/token_rotation.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace belfry::slack {
namespace {

using nlohmann::json;

struct Advice {
  std::string_view code;
  std::string_view words;
};

constexpr std::string_view kCredentials =
    "copy Client ID and Client Secret from Basic Information of the app at https://api.slack.com/apps into token_rotation";
constexpr std::string_view kReinstall =
    "reinstall the app under OAuth & Permissions at https://api.slack.com/apps, and copy its new token and refresh token into bot_token "
    "and token_rotation.refresh_token";

// docs.slack.dev: oauth.v2.access, oauth.v2.exchange.
constexpr std::array kAdvice = {
    Advice{"bad_client_secret", kCredentials},
    Advice{"invalid_client_id", kCredentials},
    Advice{"token_rotation_not_enabled",
           "turn on token rotation under OAuth & Permissions of the app at https://api.slack.com/apps, or remove token_rotation"},
};

std::int64_t number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

}  // namespace

std::string to_text(const TokenRecord& kept) {
  json record = json::object();
  if (kept.pair) {
    record["access"] = kept.pair->access;
    record["refresh"] = kept.pair->refresh;
    record["expires"] = kept.pair->expires.count();
  }
  if (kept.lease) record["lease"] = {{"holder", kept.lease->holder}, {"until", kept.lease->until.count()}};
  return record.dump();
}

TokenRecord parse_token_record(std::string_view text) {
  TokenRecord kept;
  const json record = json::parse(text, nullptr, false);
  if (!record.is_object()) return kept;
  const TokenPair pair{text_of(record, "access"), text_of(record, "refresh"), Millis(number_of(record, "expires"))};
  if (!pair.access.empty() && !pair.refresh.empty()) kept.pair = pair;
  if (const auto lease = record.find("lease"); lease != record.end() && lease->is_object())
    kept.lease = Lease{text_of(*lease, "holder"), Millis(number_of(*lease, "until"))};
  return kept;
}

std::string lineage_key(std::string_view configured) {
  const std::string seed = "belfry slack lineage\n" + std::string(configured);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(seed.data(), seed.size(), digest.data(), &size, EVP_sha256(), nullptr);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string key = "token:";
  for (unsigned int i = 0; i < size; ++i) key += {kDigits[digest[i] >> 4], kDigits[digest[i] & 0xF]};
  return key;
}

std::expected<TokenPair, std::string> parse_renewal(const json& answer, Millis now) {
  const auto seconds = number_of(answer, "expires_in");
  constexpr std::int64_t kMaxSeconds = 10LL * 365 * 24 * 3600;
  TokenPair pair{text_of(answer, "access_token"), text_of(answer, "refresh_token"), {}};
  if (pair.access.empty() || pair.refresh.empty() || seconds <= 0 || seconds > kMaxSeconds) {
    return std::unexpected("Slack's response to the token renewal lacks a token, a refresh token or their lifetime");
  }
  pair.expires = now + std::chrono::seconds(seconds);
  return pair;
}

Outcome renewal_failure(const ApiResponse& response) {
  const Outcome& why = *response.failure;
  const bool passing = why.code == Outcome::Code::retry && why.reason != kUndocumented;
  if (passing || why.code == Outcome::Code::rate_limited) {
    // Not ambiguous: no message was in flight.
    Outcome later = Outcome::retry(why.reason, "the token cannot be renewed now: " + why.detail).http_status(why.status);
    return why.after ? later.retry_after(*why.after) : later;
  }
  const auto* const advice = std::ranges::find_if(kAdvice, [&](const Advice& one) { return why.detail.contains(one.code); });
  return Outcome::misconfigured("token_not_renewed", "Slack refused to renew the token: " + why.detail + ": " +
                                                         std::string(advice == kAdvice.end() ? kReinstall : advice->words))
      .http_status(why.status);
}

bool is_token_error(const ApiResponse& response) {
  constexpr std::array<std::string_view, 5> kCodes = {"token_expired", "invalid_auth", "token_revoked", "account_inactive", "not_authed"};
  return response.failure && response.failure->code == Outcome::Code::misconfigured &&
         std::ranges::find(kCodes, std::string_view(response.failure->reason)) != kCodes.end();
}

}  // namespace belfry::slack
