// Calls into the sink: one at a time, without the lock, timed, and with no exception getting through.
#include <stdexcept>

#include "host_function.hpp"

namespace belfry::testkit {

namespace {

constexpr RealClock::duration kStrandLimit = std::chrono::milliseconds(10);
constexpr RealClock::duration kControlLimit = std::chrono::seconds(10);

belfry_status write_to_lent(void* ctx, belfry_str piece) {
  auto& writer = *static_cast<LentWriter*>(ctx);
  const HostCallScope scope(writer.host);
  if (!writer.lent) {
    writer.host.violation("used_after_call", "the writer of " + writer.where + " was used after the call");
    return BELFRY_FAILED;
  }
  const auto added = writer.host.text(piece, "the text written by " + writer.where);
  const auto size = writer.text.size() + added.size();
  if (!writer.host.check_bound(writer.where, size, BELFRY_MAX_WRITTEN_BYTES, "BELFRY_MAX_WRITTEN_BYTES")) return BELFRY_FAILED;
  writer.text += added;
  return BELFRY_OK;
}

belfry_status add_to_lent(void* ctx, const belfry_finding* raw) {
  auto& lent = *static_cast<LentFindings*>(ctx);
  const HostCallScope scope(lent.host);
  if (!lent.lent) {
    lent.host.violation("used_after_call", "the findings of configure() were used after the call");
    return BELFRY_FAILED;
  }
  auto finding = lent.host.read_finding(raw, lent.findings.size());
  if (!finding) return BELFRY_FAILED;
  lent.findings.push_back(std::move(*finding));
  return BELFRY_OK;
}

}  // namespace

bool FakeState::call(std::string_view name, CallThread thread, const std::function<void()>& function) {
  if (in_call) throw std::logic_error("FakeHost: used from inside a call into the sink");
  in_call = true;
  caller = std::this_thread::get_id();
  host_time = {};
  std::string thrown;
  const auto depth = lock.release();
  const auto began = RealClock::now();
  try {
    function();
  } catch (const std::exception& e) {
    thrown = std::string("an exception: ") + e.what();
  } catch (...) {
    thrown = "an exception";
  }
  const auto took = RealClock::now() - began;
  lock.reacquire(depth);
  in_call = false;
  if (!thrown.empty()) violation("threw", std::string(name) + "() threw " + thrown);
  watch_call(name, thread, took - host_time);
  if (const auto error = std::exchange(test_error, nullptr); error && !closing) std::rethrow_exception(error);
  return thrown.empty();
}

void FakeState::watch_call(std::string_view name, CallThread thread, RealClock::duration took) {
  const auto limit = thread == CallThread::strand ? kStrandLimit : kControlLimit;
  if (!watches_calls || std::chrono::duration<double>(took) <= std::chrono::duration<double>(limit) * watch_factor) return;
  const auto count = [](RealClock::duration time) { return std::to_string(std::chrono::duration_cast<Millis>(time).count()); };
  violation("slow_call", std::string(name) + "() took " + count(took) + " ms; the contract allows " + count(limit) + " ms");
}

belfry_status FakeState::check_status(std::string_view name, belfry_status status) {
  if (status != BELFRY_OK && status != BELFRY_FAILED) {
    violation("bad_status", std::string(name) + "() returned the reserved status " + std::to_string(status));
  }
  return status;
}

LentWriter& FakeState::lend_writer(std::string where) {
  auto& writer = writers.emplace_back(LentWriter{.host = *this, .where = std::move(where)});
  writer.raw = {&writer, write_to_lent};
  return writer;
}

LentFindings& FakeState::lend_findings() {
  auto& lent = lent_findings.emplace_back(LentFindings{.host = *this});
  lent.raw = {&lent, add_to_lent};
  return lent;
}

void FakeState::signal() {
  {
    const std::lock_guard guard(signal_mutex);
    ++signal_count;
  }
  signalled.notify_all();
}

std::uint64_t FakeState::signals() {
  const std::lock_guard guard(signal_mutex);
  return signal_count;
}

void FakeState::wait_for_signal(std::uint64_t seen, RealClock::time_point until) {
  std::unique_lock guard(signal_mutex);
  signalled.wait_until(guard, until, [&] { return signal_count != seen; });
}

}  // namespace belfry::testkit
