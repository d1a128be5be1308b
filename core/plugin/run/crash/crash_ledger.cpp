#include "plugin/run/crash/crash_ledger.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

namespace belfry::plugin {
namespace {

using nlohmann::json;

// Consecutive unexplained ends before a plugin is held responsible. Calls without a delivery need more, because they coincide more easily.
constexpr std::uint32_t kSuspicious = 3;
constexpr std::uint32_t kSuspiciousWithout = 5;
constexpr std::size_t kMaxDeliveries = 1'000;
constexpr const char* kCreate = "create";

std::string in_words(const MarkedCall& call) {
  std::string text = call.plugin;
  switch (call.end) {
    case MarkedCall::End::signal:
      text += " crashed with signal " + std::to_string(call.number) + " (" + ::strsignal(call.number) + ")";
      break;
    case MarkedCall::End::exit: text += " ended the process with status " + std::to_string(call.number); break;
    case MarkedCall::End::unknown: text += " was being called each time the process ended without a recorded cause"; break;
  }
  text += call.call == "thread" ? " on a thread of its own" : " in " + call.call;
  if (!call.delivery.empty()) text += " of delivery " + call.delivery;
  return text;
}

base::Timestamp time_from(const json& value) { return base::Timestamp(base::Millis(value.get<std::int64_t>())); }

}  // namespace

CrashLedger::CrashLedger(std::filesystem::path file, base::Logger log) : file_(std::move(file)), log_(std::move(log)) {
  try {
    read();
  } catch (const std::exception& error) {
    log_.warn("the record of crashed plugins cannot be read; starting without it", {{"file", file_.string()}, {"why", error.what()}});
    sinks_.clear();
    deliveries_.clear();
    suspects_.clear();
  }
}

void CrashLedger::record(const std::vector<MarkedCall>& calls, base::Timestamp now) {
  const std::lock_guard lock(mutex_);
  std::vector<Suspect> suspects;
  for (const auto& call : calls) {
    if (call.end != MarkedCall::End::unknown) {
      count(call, now);
      continue;
    }
    const auto same = std::ranges::find_if(
        suspects_, [&](const auto& s) { return s.sink == call.sink && s.call == call.call && s.delivery == call.delivery; });
    const auto times = same == suspects_.end() ? 1 : same->times + 1;
    log_.warn("the gateway ended without a recorded cause while a plugin was being called",
              {{"plugin", call.plugin}, {"sink", call.sink}, {"call", call.call}, {"delivery", call.delivery}});
    if (times >= (call.delivery.empty() ? kSuspiciousWithout : kSuspicious)) {
      count(call, now);
    } else {
      suspects.push_back({call.sink, call.call, call.delivery, times});
    }
  }
  const bool changed = !calls.empty() || !suspects_.empty();
  suspects_ = std::move(suspects);
  if (changed) write();
}

void CrashLedger::count(const MarkedCall& call, base::Timestamp now) {
  auto& sink = sinks_[call.sink];
  sink.plugin = call.plugin;
  sink.code = call.code;
  sink.call = call.call;
  sink.detail = in_words(call);
  park(sink, now);
  std::uint32_t of_delivery = 0;
  if (!call.delivery.empty()) {
    if (deliveries_.size() >= kMaxDeliveries) deliveries_.erase(deliveries_.begin());
    of_delivery = ++deliveries_[call.delivery];
  }
  log_.error("a plugin took the gateway down; its sink is parked, the others keep running",
             {{"plugin", call.plugin},
              {"sink", call.sink},
              {"call", call.call},
              {"delivery", call.delivery.empty() ? "-" : call.delivery},
              {"attempt", call.attempt},
              {"what", sink.detail},
              {"crashes", sink.crashes},
              {"then", of_delivery >= kMaxDeliveryCrashes ? "the delivery is given up" : "the delivery is retried"},
              {"next_try", base::to_rfc3339(sink.until)}});
}

void CrashLedger::park(CrashedSink& sink, base::Timestamp now) const {
  if (sink.crashes > 0 && now - sink.last > kMaxCrashPause + kRecoveryTime) sink.crashes = 0;
  ++sink.crashes;
  const auto doublings = std::min(sink.crashes - 1, 10U);
  sink.last = now;
  auto pause = std::min<base::Millis>(kFirstCrashPause * (1 << doublings), kMaxCrashPause);
  if (recent_crashes(now) > kMaxRecentCrashes) pause = std::max<base::Millis>(pause, kStartWindow);
  sink.until = now + pause;
}

std::uint32_t CrashLedger::recent_crashes(base::Timestamp now) const {
  std::uint32_t crashes = 0;
  for (const auto& [name, sink] : sinks_) {
    if (now - sink.last < kStartWindow) crashes += sink.crashes;
  }
  return crashes;
}

void CrashLedger::add(const std::string& name, const std::string& plugin, const std::string& code, std::string detail,
                      base::Timestamp now) {
  const std::lock_guard lock(mutex_);
  auto& sink = sinks_[name];
  sink.plugin = plugin;
  sink.code = code;
  sink.call = "probe";
  sink.detail = std::move(detail);
  park(sink, now);
  write();
}

std::optional<CrashedSink> CrashLedger::find(const std::string& name, const std::string& code, base::Timestamp now) const {
  const std::lock_guard lock(mutex_);
  auto found = sinks_.find(name);
  // Code that crashes on load does so for every sink.
  if (found == sinks_.end()) {
    found = std::ranges::find_if(sinks_, [&](const auto& known) { return known.second.call == kCreate && known.second.code == code; });
  }
  if (found == sinks_.end()) return std::nullopt;
  auto sink = found->second;
  if (sink.code != code) sink.until = std::min(sink.until, now);
  // A clock that was set back must not lengthen the pause.
  sink.until = std::min(sink.until, now + kMaxCrashPause);
  return sink;
}

bool CrashLedger::crashed_too_often(const std::string& delivery) const {
  const std::lock_guard lock(mutex_);
  const auto found = deliveries_.find(delivery);
  return found != deliveries_.end() && found->second >= kMaxDeliveryCrashes;
}

std::map<std::string, CrashedSink> CrashLedger::sinks() const {
  const std::lock_guard lock(mutex_);
  return sinks_;
}

void CrashLedger::release(const std::string& name, base::Timestamp now) {
  const std::lock_guard lock(mutex_);
  const auto found = sinks_.find(name);
  if (found == sinks_.end()) return;
  found->second.until = now;
  write();
}

void CrashLedger::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (sinks_.erase(name) > 0) write();
}

void CrashLedger::forget_delivery(const std::string& delivery) {
  const std::lock_guard lock(mutex_);
  if (deliveries_.erase(delivery) > 0) write();
}

void CrashLedger::read() {
  std::ifstream stream(file_);
  if (!stream) return;
  const auto document = json::parse(stream);
  for (const auto& [name, sink] : document.at("sinks").items()) {
    sinks_[name] = {sink.at("crashes"), time_from(sink.at("last")), time_from(sink.at("until")), sink.at("plugin"), sink.at("code"),
                    sink.at("call"),    sink.at("detail")};
  }
  for (const auto& [id, times] : document.at("deliveries").items()) deliveries_[id] = times;
  for (const auto& suspect : document.at("suspects"))
    suspects_.push_back({suspect.at("sink"), suspect.at("call"), suspect.at("delivery"), suspect.at("times")});
}

// Replaces the file atomically. A failure only costs the next start this record.
void CrashLedger::write() const {
  json document = {{"sinks", json::object()}, {"deliveries", deliveries_}, {"suspects", json::array()}};
  for (const auto& [name, sink] : sinks_) {
    document["sinks"][name] = {{"crashes", sink.crashes},
                               {"last", sink.last.time_since_epoch().count()},
                               {"until", sink.until.time_since_epoch().count()},
                               {"plugin", sink.plugin},
                               {"code", sink.code},
                               {"call", sink.call},
                               {"detail", sink.detail}};
  }
  for (const auto& suspect : suspects_) {
    document["suspects"].push_back(
        {{"sink", suspect.sink}, {"call", suspect.call}, {"delivery", suspect.delivery}, {"times", suspect.times}});
  }
  const auto fresh = std::filesystem::path(file_).concat(".tmp");
  std::ofstream stream(fresh, std::ios::trunc);
  stream << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
  stream.close();
  std::error_code error;
  if (stream) std::filesystem::rename(fresh, file_, error);
  if (!stream || error) log_.warn("the record of crashed plugins cannot be written", {{"file", file_.string()}});
}

}  // namespace belfry::plugin
