// The tickets that the host issues: deliveries, and how every kind of ticket ends.
#include <algorithm>
#include <stdexcept>

#include "host_function.hpp"

namespace belfry::testkit {

namespace {

// The function with which the sink ends a ticket.
const char* ended_by(IssuedTicket::Purpose purpose) {
  switch (purpose) {
    case IssuedTicket::Purpose::deliver: return "complete()";
    case IssuedTicket::Purpose::reconcile: return "settle()";
    case IssuedTicket::Purpose::inbound: return "reply()";
    case IssuedTicket::Purpose::check: return "end()";
    case IssuedTicket::Purpose::stop: return "stopped()";
  }
  return "";
}

belfry_message raw_message(belfry_ticket ticket, const nlohmann::json& document, std::uint32_t attempt, MonotonicTime deadline) {
  belfry_message raw{};
  raw.size = sizeof raw;
  raw.attempt = attempt;
  if (document.value("possible_duplicate", false)) raw.flags |= BELFRY_MESSAGE_POSSIBLE_DUPLICATE;
  if (document.value("sensitive", false)) raw.flags |= BELFRY_MESSAGE_SENSITIVE;
  raw.ticket = ticket;
  raw.deadline_ms = deadline.time_since_epoch().count();
  return raw;
}

}  // namespace

belfry_ticket FakeState::issue(IssuedTicket::Purpose purpose) {
  const auto ticket = ++last_ticket;
  auto& issued = tickets[ticket];
  issued.purpose = purpose;
  issued.received = purpose != IssuedTicket::Purpose::deliver;
  return ticket;
}

std::size_t FakeState::open_deliveries() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      tickets, [](const auto& entry) { return entry.second.purpose == IssuedTicket::Purpose::deliver && entry.second.open(); }));
}

belfry_ticket FakeState::deliver(const nlohmann::json& document, const FakeHost::DeliveryOptions& options) {
  if (stage != Stage::started) throw std::logic_error("FakeHost: deliver only between start() and stop()");
  const auto ticket = issue(IssuedTicket::Purpose::deliver);
  waiting.push_back({ticket, document, options});
  dispatch_waiting();
  return ticket;
}

void FakeState::dispatch_waiting() {
  while (!waiting.empty() && stage == Stage::started && (max_in_flight == 0 || open_deliveries() < max_in_flight)) {
    const auto next = std::move(waiting.front());
    waiting.pop_front();
    tickets[next.ticket].received = true;
    dispatch(next.ticket, next.document, next.options);
  }
}

void FakeState::dispatch(belfry_ticket ticket, const nlohmann::json& document, const FakeHost::DeliveryOptions& options) {
  const bool delivers = tickets[ticket].purpose == IssuedTicket::Purpose::deliver;
  const auto delivery_id = document.value("delivery_id", "");
  const auto body = dump(document);
  auto raw = raw_message(ticket, document, options.attempt, mono + options.time);
  raw.delivery_id = sd::str(delivery_id);
  raw.body_json = sd::str(body);
  tickets[ticket].time = options.time;
  abandon_at(ticket, mono + options.time);
  if (delivers) {
    call("deliver", CallThread::strand, [&] { api.deliver(self, &raw); });
  } else {
    call("reconcile", CallThread::strand, [&] { reconcile->reconcile(self, &raw); });
  }
}

void FakeState::abandon_at(belfry_ticket ticket, MonotonicTime deadline) {
  tickets[ticket].deadline = deadline;
  tickets[ticket].alarm = later(deadline - mono, [this, ticket] { abandon(ticket); });
}

void FakeState::abandon(belfry_ticket ticket, bool stopping) {
  const auto found = tickets.find(ticket);
  if (found == tickets.end()) throw std::logic_error("FakeHost: no such ticket");
  auto& issued = found->second;
  if (issued.ended || issued.abandoned) return;
  const bool begun = issued.received && !(issued.has_work && !issued.work_begun);
  issued.abandoned = true;
  issued.excused = offload_running || stopping;
  if (issued.purpose == IssuedTicket::Purpose::deliver) {
    issued.outcome = (stopping ? Outcome::retry("stopped", "the sink was stopped before it reported an outcome")
                               : Outcome::retry("timeout", "no outcome before the deadline of the attempt"))
                         .maybe_delivered(begun);
  } else if (issued.purpose == IssuedTicket::Purpose::reconcile) {
    issued.result = ReconcileResult::unknown("no result before the deadline");
  }
  std::erase_if(waiting, [&](const WaitingMessage& message) { return message.ticket == ticket; });
  pending.erase(issued.alarm);
  end_requests_of(ticket);
  if (issued.received && (bit(stage) & kLive) != 0) call("abandon", CallThread::strand, [&] { api.abandon(self, ticket); });
}

// ---- How tickets end --------------------------------------------------------------------------------------------------------------

IssuedTicket* FakeState::ending(std::string_view function, belfry_ticket ticket, IssuedTicket::Purpose purpose) {
  const auto sentence = std::string(function) + "() was called for the ticket " + std::to_string(ticket);
  const auto found = tickets.find(ticket);
  if (found == tickets.end() || !found->second.received) {
    violation("bad_ticket", sentence + (was_issued(ticket) && found == tickets.end() ? ", which belongs to a request of the sink"
                                                                                     : ", which the host never issued"));
    return nullptr;
  }
  auto& issued = found->second;
  if (issued.purpose != purpose) {
    violation("wrong_function", sentence + " of " + to_string(issued.purpose) + ", which ends with " + ended_by(issued.purpose));
    return nullptr;
  }
  if (issued.ended) {
    violation("completed_twice", sentence + ", which had already ended");
    return nullptr;
  }
  return &issued;
}

// A late result is a breach if it could have been avoided: abandon() has returned, no work was running that cannot be cancelled,
// and no thread of the sink's own may have been on its way.
void FakeState::check_late(std::string_view function, belfry_ticket ticket, const IssuedTicket& issued, bool useful) {
  if (useful || issued.excused || !on_strand()) return;
  violation("completed_late", std::string(function) + "() was called for the ticket " + std::to_string(ticket) + " after its deadline");
}

void FakeState::end(belfry_ticket ticket, IssuedTicket& issued) {
  issued.ended = true;
  pending.erase(issued.alarm);
  end_requests_of(ticket);
}

void FakeState::complete(belfry_ticket ticket, const belfry_outcome* raw) {
  auto* issued = ending("complete", ticket, IssuedTicket::Purpose::deliver);
  if (issued == nullptr) return;
  const auto outcome = read_outcome(raw);
  if (issued->abandoned) {
    check_late("complete", ticket, *issued, outcome.code == Outcome::Code::delivered);
    late_outcomes.emplace(ticket, outcome);
  } else {
    issued->outcome = outcome;
  }
  end(ticket, *issued);
}

void FakeState::settle(belfry_ticket ticket, const belfry_reconcile_result* raw_result) {
  auto* issued = ending("settle", ticket, IssuedTicket::Purpose::reconcile);
  if (issued == nullptr) return;
  const auto raw = read(raw_result, "belfry_reconcile_result", BELFRY_SIZE_THROUGH(belfry_reconcile_result, receipt_json));
  if (raw.code < BELFRY_RECONCILE_FOUND || raw.code > BELFRY_RECONCILE_UNKNOWN) {
    violation("unknown_value", "the code of a reconcile result is " + std::to_string(raw.code));
  }
  ReconcileResult result = ReconcileResult::unknown(read_detail(raw.detail));
  if (raw.code >= BELFRY_RECONCILE_FOUND && raw.code <= BELFRY_RECONCILE_UNKNOWN) {
    result.code = static_cast<ReconcileResult::Code>(raw.code);
  }
  result.after = read_pause(raw.retry_after_ms);
  result.receipt = read_receipt(raw.receipt_json);
  if (issued->abandoned) {
    check_late("settle", ticket, *issued, false);
  } else {
    issued->result = std::move(result);
  }
  end(ticket, *issued);
}

void FakeState::reply(belfry_ticket ticket, const belfry_inbound_reply* raw_reply) {
  auto* issued = ending("reply", ticket, IssuedTicket::Purpose::inbound);
  if (issued == nullptr) return;
  const auto raw = read(raw_reply, "belfry_inbound_reply", BELFRY_SIZE_THROUGH(belfry_inbound_reply, body));
  if (raw.status < 200 || raw.status > 599) {
    violation("bad_argument", "reply(): the status is " + std::to_string(raw.status) + ", wanted 200 to 599");
  }
  InboundReply answer{static_cast<int>(raw.status), text(raw.content_type, "the content type of a reply"),
                      bytes(raw.body, "the body of a reply")};
  check_no_secrets("a reply", answer.body);
  if (issued->abandoned) {
    check_late("reply", ticket, *issued, false);
  } else {
    issued->reply = std::move(answer);
  }
  end(ticket, *issued);
}

bool FakeState::add_finding(belfry_ticket ticket, const belfry_finding* raw) {
  const auto found = tickets.find(ticket);
  if (found == tickets.end() || found->second.purpose != IssuedTicket::Purpose::check || !found->second.open()) {
    violation("finding_outside_check", "add() was called for " + std::to_string(ticket) + ", which is not the ticket of an open check");
    return false;
  }
  auto finding = read_finding(raw, found->second.findings.size());
  if (!finding) return false;
  if (finding->severity != Finding::Severity::note && finding->remedy.empty()) {
    violation("bad_finding", "an online check reports \"" + finding->text + "\" without a remedy");
  }
  found->second.findings.push_back(std::move(*finding));
  return true;
}

void FakeState::end_check(belfry_ticket ticket, belfry_str unfinished) {
  auto* issued = ending("end", ticket, IssuedTicket::Purpose::check);
  if (issued == nullptr) return;
  const auto sentence = text(unfinished, "the sentence of end()");
  check_no_secrets("the sentence of end()", sentence);
  check_bound("the bytes of the sentence of end()", sentence.size(), BELFRY_MAX_FINDING_TEXT_BYTES, "BELFRY_MAX_FINDING_TEXT_BYTES");
  if (issued->abandoned) {
    check_late("end", ticket, *issued, false);
  } else {
    issued->unfinished = sentence;
  }
  end(ticket, *issued);
}

// ---- FakeHost ---------------------------------------------------------------------------------------------------------------------

belfry_ticket FakeHost::deliver(const nlohmann::json& document, const DeliveryOptions& options) {
  const Held held(*state_);
  return state_->deliver(document, options);
}

std::optional<Outcome> FakeHost::outcome(belfry_ticket ticket) const {
  const Held held(*state_);
  const auto found = state_->tickets.find(ticket);
  return found != state_->tickets.end() ? found->second.outcome : std::nullopt;
}

Outcome FakeHost::settle(belfry_ticket ticket) {
  const Held held(*state_);
  state_->run();
  while (!outcome(ticket) && state_->advance_to_next(MonotonicTime::max())) state_->run();
  const auto settled = outcome(ticket);
  if (!settled) throw std::logic_error("FakeHost: nothing is left that could settle the ticket " + std::to_string(ticket));
  return *settled;
}

const std::map<belfry_ticket, Outcome>& FakeHost::late_outcomes() const { return state_->late_outcomes; }

void FakeHost::abandon(belfry_ticket ticket) {
  const Held held(*state_);
  state_->abandon(ticket);
  state_->dispatch_waiting();
}

void FakeHost::abandon_unknown(belfry_ticket ticket) {
  const Held held(*state_);
  state_->call("abandon", CallThread::strand, [&] { state_->api.abandon(state_->self, ticket); });
}

}  // namespace belfry::testkit
