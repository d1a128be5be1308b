#include "slack/deliver/thread_store.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "slack/web_api/classify.hpp"

namespace belfry::slack {
namespace {

using nlohmann::json;

constexpr std::size_t kShardDigits = 3;        // 4,096 values
constexpr std::size_t kMaxShardThreads = 200;  // about 25 KB of a value's maximum of 64 KiB
constexpr Millis kForgotten = std::chrono::days(30);
constexpr int kMaxSaveTries = 8;  // when others write the same value

// A hash of the conversation and the key, in hexadecimal.
std::string id_of(const std::string& to, const std::string& key) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::size_t kBytes = 16;
  const std::string both = to + "\n" + key;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(both.data(), both.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string out;
  for (std::size_t i = 0; i < kBytes; ++i) out += {kDigits[digest[i] >> 4], kDigits[digest[i] & 0xF]};
  return out;
}

std::string shard_of(const std::string& id) { return "threads:" + id.substr(0, kShardDigits); }

struct Kept {
  std::string id;
  Thread thread;
  Millis used{};
};

Millis millis_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return Millis(found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0);
}

// The least recently used first. Skips expired entries and those that cannot be read.
std::vector<Kept> read_shard(std::string_view value, Millis now) {
  std::vector<Kept> all;
  const json document = json::parse(value, nullptr, false);
  if (!document.is_array()) return all;
  for (const json& one : document) {
    if (!one.is_object()) continue;
    Kept kept{text_of(one, "id"), {text_of(one, "channel"), text_of(one, "ts"), millis_of(one, "shown")}, millis_of(one, "used")};
    if (!kept.thread.channel.empty() && !kept.thread.ts.empty() && now - kept.used < kForgotten) all.push_back(std::move(kept));
  }
  return all;
}

std::string write_shard(const std::vector<Kept>& all) {
  json document = json::array();
  for (const Kept& kept : all) {
    document.push_back({{"id", kept.id},
                        {"channel", kept.thread.channel},
                        {"ts", kept.thread.ts},
                        {"shown", kept.thread.shown.count()},
                        {"used", kept.used.count()}});
  }
  return document.dump();
}

}  // namespace

Task<std::optional<Thread>> ThreadStore::find(std::string to, std::string key) const {
  const std::string id = id_of(to, key);
  const KvResult kept = co_await services_.kv().get(shard_of(id));
  if (!kept.ok()) co_return std::nullopt;
  const std::vector<Kept> all = read_shard(kept.value, now());
  const auto found = std::ranges::find(all, id, &Kept::id);
  co_return found == all.end() ? std::nullopt : std::optional(found->thread);
}

Task<> ThreadStore::save(std::string to, std::string key, Thread thread, std::string replaced) const {
  const std::string id = id_of(to, key);
  for (int tries = 0; tries < kMaxSaveTries; ++tries) {
    const KvResult kept = co_await services_.kv().get(shard_of(id));
    std::vector<Kept> all = kept.ok() ? read_shard(kept.value, now()) : std::vector<Kept>();
    if (const auto found = std::ranges::find(all, id, &Kept::id); found != all.end()) {
      const Thread& there = found->thread;
      if (there.ts == thread.ts) {
        thread.shown = std::max(thread.shown, there.shown);
      } else if (there.ts != replaced && there.shown > thread.shown) {
        thread = there;
      }
      all.erase(found);
    }
    all.push_back({id, thread, now()});
    if (all.size() > kMaxShardThreads) all.erase(all.begin());
    const KvResult put = co_await services_.kv().put_durable(shard_of(id), write_shard(all), kept.version);
    if (put.ok()) co_return;
    if (put.status != KvResult::Status::conflict) break;
  }
  services_.log().warn("the current message of an update key could not be stored; the next event with this key will be a new message");
}

}  // namespace belfry::slack
