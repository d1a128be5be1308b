// The life of a sink: create, configure, start, stop, destroy.
#include <cstdio>
#include <stdexcept>

#include "host_function.hpp"

namespace belfry::testkit {

namespace {

// Until destroy() gives up on a sink that does not stop: longer than any delivery of a test.
constexpr Millis kLastStopLimit = std::chrono::minutes(10);

std::uint32_t index_of_type(const belfry_plugin_entry& entry, std::string_view type) {
  for (std::uint32_t i = 0; i < entry.count(); ++i) {
    const auto descriptor = sd::copy_sized(entry.descriptor(i));
    if (sd::view(descriptor.type) == type) return i;
  }
  return entry.count();
}

}  // namespace

FakeState::FakeState(const belfry_plugin_entry* raw, const std::function<std::uint32_t(const belfry_plugin_entry&)>& choose) {
  const Held held(*this);
  read_entry(raw);
  read_descriptor(choose(entry));
  host = make_host(*this);
  create();
}

void FakeState::create() {
  stage = Stage::creating;
  configured_once = false;
  stopped_in_time = false;
  only_checks = false;
  stop_ticket = 0;
  extensions.clear();
  int unset = 0;
  void* made = &unset;
  const belfry_sink_api* table = nullptr;
  belfry_status status = BELFRY_FAILED;
  call("create", CallThread::control, [&] { status = entry.create(descriptor.type, &host, &made, &table); });
  if (check_status("create", status) != BELFRY_OK) throw std::runtime_error("the plugin failed to create a sink");
  if (table == nullptr || made == &unset) throw std::runtime_error("create() did not set both of its results");
  read_api(table);
  self = made;
  stage = Stage::created;
}

std::expected<Findings, Findings> FakeState::configure(const nlohmann::json& settings) {
  if (stage != Stage::created || configured_once) {
    destroy();
    create();
  }
  auto checked = check_config(sd::view(descriptor.config_schema_json), settings);
  if (checked.findings.has_errors()) return std::unexpected(std::move(checked.findings));
  config = settings;
  secrets = std::move(checked.secrets);
  account = std::move(checked.account);
  configured_once = true;
  auto& found = lend_findings();
  const auto document = dump(checked.document);
  belfry_status status = BELFRY_FAILED;
  call("configure", CallThread::control, [&] { status = api.configure(self, sd::str(document), &found.raw); });
  found.lent = false;
  Findings all = std::move(checked.findings);
  all.insert(all.end(), found.findings.begin(), found.findings.end());
  if (check_status("configure", status) == BELFRY_OK && !all.has_errors()) {
    stage = Stage::configured;
    load_extensions();
    return all;
  }
  if (!all.has_errors()) {
    violation("silent_refusal", "configure() failed without a finding that is an error");
    all.error("", "configure() failed without a finding");
  }
  return std::unexpected(std::move(all));
}

// ---- Stopping ---------------------------------------------------------------------------------------------------------------------

void FakeState::begin_stop(Millis limit) {
  stage = Stage::stopping;
  for (const auto& message : std::exchange(waiting, {})) {
    tickets[message.ticket].outcome = Outcome::retry("stopped", "the sink was stopped before it received the message");
  }
  stop_ticket = issue(IssuedTicket::Purpose::stop);
  const auto deadline = mono + limit;
  tickets[stop_ticket].deadline = deadline;
  // As in the gateway: the first half of the time lets the sink finish by itself.
  later(limit / 2, [this] {
    for (const auto& [ticket, issued] : std::map(tickets)) {
      if (issued.open() && issued.purpose != IssuedTicket::Purpose::stop) abandon(ticket, true);
    }
  });
  later(limit, [this] {
    violation("stop_timeout", "stopped() was not called by the deadline of stop(); the sink is never destroyed");
    end_stopping();
  });
  call("stop", CallThread::control, [&] { api.stop(self, stop_ticket, deadline.time_since_epoch().count()); });
}

void FakeState::stopped(belfry_ticket done) {
  if (done != stop_ticket) return violation("bad_ticket", "stopped() takes the ticket of stop(), not " + std::to_string(done));
  tickets[done].ended = true;
  stopped_in_time = true;
  for (const auto& [ticket, issued] : tickets) {
    if (!issued.open()) continue;
    violation("left_open",
              "stopped() was called before the ticket " + std::to_string(ticket) + " of " + to_string(issued.purpose) + " had ended");
  }
  end_stopping();
}

// From here on the sink receives nothing but destroy().
void FakeState::end_stopping() {
  stage = Stage::stopped;
  for (auto& [ticket, issued] : tickets) {
    if (!issued.open()) continue;
    issued.abandoned = true;
    if (issued.purpose == IssuedTicket::Purpose::deliver) {
      issued.outcome = Outcome::retry("stopped", "the sink was stopped before it reported an outcome").maybe_delivered();
    }
  }
  end_all_requests();
}

void FakeState::destroy() {
  if (stage == Stage::destroyed) return;
  holds_offload = false;
  if (stage == Stage::started || stage == Stage::checking) begin_stop(kLastStopLimit);
  run();
  while (stage == Stage::stopping && advance_to_next(MonotonicTime::max())) run();
  if (stop_ticket != 0 && !stopped_in_time) return;
  in_destroy = true;
  call("destroy", CallThread::control, [&] { api.destroy(self); });
  in_destroy = false;
  stage = Stage::destroyed;
}

// ---- FakeHost ---------------------------------------------------------------------------------------------------------------------

FakeHost::FakeHost(const belfry_plugin_entry* entry, std::uint32_t index)
    : state_(std::make_unique<FakeState>(entry, [index](const belfry_plugin_entry&) { return index; })) {}

FakeHost::FakeHost(const belfry_plugin_entry* entry, std::string_view type)
    : state_(std::make_unique<FakeState>(entry, [type](const belfry_plugin_entry& read) { return index_of_type(read, type); })) {}

FakeHost::~FakeHost() {
  const Held held(*state_);
  // The responders of the test may refer to objects that no longer exist.
  state_->closing = true;
  const auto seen = state_->violations.size();
  try {
    state_->destroy();
  } catch (const std::exception& e) {
    state_->violation("not_destroyed", e.what());
  }
  for (auto i = seen; i < state_->violations.size(); ++i) {
    static_cast<void>(std::fprintf(stderr, "FakeHost: while the sink was being destroyed: %s\n", state_->violations[i].c_str()));
  }
}

std::expected<Findings, Findings> FakeHost::configure(const nlohmann::json& config) {
  const Held held(*state_);
  return state_->configure(config);
}

std::expected<void, std::string> FakeHost::start() {
  const Held held(*state_);
  auto& state = *state_;
  if (state.stage != Stage::configured) throw std::logic_error("FakeHost: call start() once, after configure()");
  state.stage = Stage::started;
  auto& problem = state.lend_writer("start()");
  belfry_status status = BELFRY_FAILED;
  state.call("start", CallThread::control, [&] { status = state.api.start(state.self, &problem.raw); });
  problem.lent = false;
  state.check_no_secrets("the error of start()", problem.text);
  if (state.check_status("start", status) == BELFRY_OK) return {};
  if (problem.text.empty()) state.violation("silent_refusal", "start() failed without a sentence");
  state.end_stopping();
  return std::unexpected(problem.text);
}

bool FakeHost::stop(Millis wait, Millis deadline) {
  const Held held(*state_);
  auto& state = *state_;
  if (state.stage == Stage::started || state.stage == Stage::checking) state.begin_stop(deadline);
  if (state.stop_ticket == 0) throw std::logic_error("FakeHost: call stop() after start()");
  const auto until = state.mono + wait;
  state.run();
  while (state.stage == Stage::stopping && state.advance_to_next(until)) state.run();
  return state.stopped_in_time;
}

void FakeHost::destroy() {
  const Held held(*state_);
  state_->destroy();
}

const belfry_descriptor& FakeHost::descriptor() const { return state_->descriptor; }

void FakeHost::remove_service(std::string_view id) {
  const Held held(*state_);
  state_->removed.emplace(id);
}

}  // namespace belfry::testkit
