#include "base/log_repeats.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <utility>

namespace belfry::base {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMaxKey = kMaxLogLine;
constexpr std::array<std::string_view, 3> kItems{"delivery", "notification", "msg_id"};
// Other fields that differ between two lines about one fault.
constexpr std::array<std::string_view, 4> kVarying{"attempt", "detail", "recipient", "took"};

bool names_item(const LogField& field) { return std::ranges::find(kItems, field.key) != kItems.end(); }

bool about_item(const LogRecord& record) {
  return std::ranges::any_of(record.context, names_item) || std::ranges::any_of(record.fields, names_item);
}

std::vector<LogField> fields_of_fault(const LogRecord& record) {
  std::vector<LogField> out;
  for (const auto fields : {record.context, record.fields})
    for (const auto& field : fields)
      if (!names_item(field) && std::ranges::find(kVarying, field.key) == kVarying.end()) out.push_back(field);
  return out;
}

std::string key_of(const LogRecord& record, const std::vector<LogField>& fields) {
  constexpr char kSeparator = '\0';
  std::string key(to_string(record.level));
  const auto add = [&](std::string_view part) { (key += kSeparator).append(part); };
  add(record.component);
  add(record.event);
  for (const auto& field : fields) {
    add(field.key);
    add(field.value);
  }
  return key;
}

}  // namespace

LogRepeats::LogRepeats(std::function<void(const RepeatedFault&)> report, Millis window)
    : report_(std::move(report)), window_(window), thread_([this] { run(); }) {}

LogRepeats::~LogRepeats() {
  flush();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    wake_.notify_one();
  }
  thread_.join();
}

bool LogRepeats::admit(const LogRecord& record) {
  if (record.level < LogLevel::warn || !about_item(record)) return true;
  auto fields = fields_of_fault(record);
  auto key = key_of(record, fields);
  if (key.size() > kMaxKey) return true;
  const auto now = steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (const auto found = faults_.find(key); found != faults_.end()) {
    auto& [fault, ends] = found->second;
    // A count whose window has ended is about to be reported.
    if (fault.more > 0 || ends > now) {
      if (fault.more++ == 0) wake_.notify_one();
      return false;
    }
    ends = now + window_;
    return true;
  }
  if (faults_.size() >= kMaxFaults)
    std::erase_if(faults_, [now](const auto& entry) { return entry.second.fault.more == 0 && entry.second.ends <= now; });
  if (faults_.size() >= kMaxFaults) return true;
  faults_.emplace(std::move(key),
                  Entry{{record.level, std::string(record.component), std::string(record.event), std::move(fields), 0}, now + window_});
  return true;
}

void LogRepeats::flush() noexcept {
  try {
    std::unique_lock lock(mutex_);
    const auto taken = take(SteadyTime::max());
    lock.unlock();
    report(taken);
  } catch (...) {
    // No memory for the counts.
  }
}

// The end of the first window with a count.
SteadyTime LogRepeats::next_report() const {
  auto next = SteadyTime::max();
  for (const auto& [key, entry] : faults_)
    if (entry.fault.more > 0) next = std::min(next, entry.ends);
  return next;
}

// The counts of the windows that end by then. A later line with the same fault opens another window.
std::vector<RepeatedFault> LogRepeats::take(SteadyTime until) {
  std::vector<RepeatedFault> taken;
  std::erase_if(faults_, [&](auto& entry) {
    auto& [fault, ends] = entry.second;
    if (ends > until) return false;
    if (fault.more > 0) taken.push_back(std::move(fault));
    return true;
  });
  return taken;
}

void LogRepeats::report(const std::vector<RepeatedFault>& faults) const noexcept {
  try {
    for (const auto& fault : faults) report_(fault);
  } catch (...) {
    // No memory for the counts.
  }
}

void LogRepeats::run() {
  ::pthread_setname_np(::pthread_self(), "log-repeats");
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const auto next = next_report();
    if (next == SteadyTime::max()) {
      wake_.wait(lock);
    } else if (next > steady_clock::now()) {
      wake_.wait_until(lock, next);
    } else {
      std::vector<RepeatedFault> taken;
      try {
        taken = take(next);
      } catch (...) {
        faults_.clear();  // no memory for the counts
      }
      lock.unlock();
      report(taken);
      lock.lock();
    }
  }
}

}  // namespace belfry::base
