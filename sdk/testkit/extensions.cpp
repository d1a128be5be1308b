// FakeHost's calls to the optional tables of the sink.
#include <stdexcept>

#include "host_function.hpp"

namespace belfry::testkit {

namespace {

constexpr Millis kInboundLimit{2500};
constexpr Millis kReconcileLimit{30'000};
constexpr Millis kCheckLimit{60'000};

// A raw request and the memory that it points to.
struct RawInbound {
  RawInbound(const InboundRequest& from, MonotonicTime deadline) {
    for (const auto& header : from.headers) headers.push_back({sd::str(header.name), sd::str(header.value)});
    raw.size = sizeof raw;
    raw.header_count = static_cast<std::uint32_t>(headers.size());
    raw.method = sd::str(from.method);
    raw.path = sd::str(from.path);
    raw.query = sd::str(from.query);
    raw.headers = headers.data();
    raw.body = sd::str(from.body);
    raw.deadline_ms = deadline.time_since_epoch().count();
  }
  RawInbound(const RawInbound&) = delete;
  RawInbound& operator=(const RawInbound&) = delete;

  std::vector<belfry_http_header> headers;
  belfry_inbound_request raw{};
};

template <class Table>
const Table& table_of(const std::optional<Table>& table, const char* id) {
  if (!table) throw std::logic_error(std::string("FakeHost: the sink does not have ") + id);
  return *table;
}

}  // namespace

bool FakeHost::has_extension(std::string_view id) const {
  const Held held(*state_);
  if (state_->stage < Stage::configured) throw std::logic_error("FakeHost: call has_extension() after configure()");
  if (state_->extensions.contains(id)) return true;
  return state_->stage == Stage::configured && state_->query_extension(id) != nullptr;
}

std::vector<InboundRoute> FakeHost::routes() const {
  const Held held(*state_);
  return state_->routes;
}

std::uint32_t FakeHost::max_in_flight() const {
  const Held held(*state_);
  return state_->max_in_flight;
}

std::optional<InboundReply> FakeHost::inbound(const InboundRequest& request) {
  const Held held(*state_);
  auto& state = *state_;
  const auto& table = table_of(state.inbound, BELFRY_SINK_INBOUND_HTTP_1);
  if (state.stage != Stage::started) throw std::logic_error("FakeHost: call inbound() between start() and stop()");
  if (request.body.size() > BELFRY_MAX_INBOUND_BODY_BYTES) return InboundReply{.status = 413};
  const auto until = state.mono + kInboundLimit;
  const RawInbound raw(request, until);
  std::uint32_t status = 401;
  state.call("verify", CallThread::strand, [&] { status = table.verify(state.self, &raw.raw); });
  if (status != 0) return InboundReply{.status = status >= 400 && status <= 599 ? static_cast<int>(status) : 401};
  const auto ticket = state.issue(IssuedTicket::Purpose::inbound);
  state.abandon_at(ticket, until);
  state.call("handle", CallThread::strand, [&] { table.handle(state.self, ticket, &raw.raw); });
  state.run();
  while (state.tickets[ticket].open() && state.advance_to_next(until)) state.run();
  return state.tickets[ticket].reply;
}

ReconcileResult FakeHost::reconcile(const nlohmann::json& document) {
  const Held held(*state_);
  auto& state = *state_;
  static_cast<void>(table_of(state.reconcile, BELFRY_SINK_RECONCILE_1));
  if (state.stage != Stage::started) throw std::logic_error("FakeHost: call reconcile() between start() and stop()");
  const auto ticket = state.issue(IssuedTicket::Purpose::reconcile);
  state.dispatch(ticket, document, DeliveryOptions{.time = kReconcileLimit});
  state.run();
  while (!state.tickets[ticket].result && state.advance_to_next(MonotonicTime::max())) state.run();
  return state.tickets[ticket].result.value();
}

std::expected<nlohmann::json, std::string> FakeHost::render(const nlohmann::json& document) {
  const Held held(*state_);
  auto& state = *state_;
  const auto& table = table_of(state.render, BELFRY_SINK_RENDER_1);
  if (state.stage != Stage::configured && state.stage != Stage::started) {
    throw std::logic_error("FakeHost: call render() after configure(), and before stop()");
  }
  const auto delivery_id = document.value("delivery_id", "");
  const auto body = dump(document);
  belfry_message raw{};
  raw.size = sizeof raw;
  raw.attempt = 1;
  if (document.value("sensitive", false)) raw.flags |= BELFRY_MESSAGE_SENSITIVE;
  raw.deadline_ms = state.mono.time_since_epoch().count();
  raw.delivery_id = sd::str(delivery_id);
  raw.body_json = sd::str(body);
  auto& out = state.lend_writer("render()");
  belfry_status status = BELFRY_FAILED;
  state.call("render", CallThread::control, [&] { status = table.render(state.self, &raw, &out.raw); });
  out.lent = false;
  state.check_no_secrets("the output of render()", out.text);
  if (state.check_status("render", status) != BELFRY_OK) {
    if (out.text.empty()) state.violation("silent_refusal", "render() failed without a sentence");
    return std::unexpected(out.text);
  }
  auto requests = nlohmann::json::parse(out.text, nullptr, false);
  if (!requests.is_array()) state.violation("bad_render", "the output is not a JSON array: " + out.text);
  return requests;
}

Findings FakeHost::check_online() {
  const Held held(*state_);
  auto& state = *state_;
  static_cast<void>(table_of(state.check_online, BELFRY_SINK_CHECK_ONLINE_1));
  if (state.stage == Stage::checking) static_cast<void>(state.configure(nlohmann::json(state.config)));
  if (state.stage != Stage::configured) throw std::logic_error("FakeHost: call check_online() after configure(), instead of start()");
  state.stage = Stage::checking;
  state.only_checks = true;
  const auto ticket = state.issue(IssuedTicket::Purpose::check);
  const auto deadline = state.mono + kCheckLimit;
  state.abandon_at(ticket, deadline);
  state.call("check", CallThread::strand, [&] {
    table_of(state.check_online, BELFRY_SINK_CHECK_ONLINE_1).check(state.self, ticket, deadline.time_since_epoch().count());
  });
  state.run();
  while (state.tickets[ticket].open() && state.advance_to_next(MonotonicTime::max())) state.run();
  const auto& issued = state.tickets[ticket];
  auto findings = issued.findings;
  if (issued.abandoned) {
    findings.error("", "the check did not end before its deadline");
  } else if (!issued.unfinished.empty()) {
    findings.error("", issued.unfinished);
  }
  return findings;
}

}  // namespace belfry::testkit
