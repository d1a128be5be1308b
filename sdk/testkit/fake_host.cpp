#include "belfry/testkit/fake_host.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <stdexcept>

namespace belfry::testkit {

namespace sd = sdk::detail;

namespace {

constexpr Millis kInboundLimit{2500};
constexpr Millis kReconcileLimit{30'000};
constexpr Millis kCheckLimit{60'000};

// Concatenates the pieces that a plugin writes.
struct Collected {
  std::string text;
  belfry_writer writer{&text, [](void* out, belfry_str piece) { static_cast<std::string*>(out)->append(sd::view(piece)); }};
};

Problems parse_problems(const std::string& lines) {
  Problems problems;
  std::size_t at = 0;
  while (at < lines.size()) {
    const auto end = std::min(lines.find('\n', at), lines.size());
    const auto line = lines.substr(at, end - at);
    const auto tab = line.find('\t');
    problems.add(line.substr(0, tab), tab == std::string::npos ? "" : line.substr(tab + 1));
    at = end + 1;
  }
  return problems;
}

std::string dump(const nlohmann::json& document) { return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

belfry_message raw_message(belfry_ticket ticket, const nlohmann::json& document, const FakeHost::DeliveryOptions& options, Timestamp now,
                           const std::string& delivery_id, const std::string& body, const std::string& prior) {
  belfry_message raw{};
  raw.size = sizeof raw;
  raw.attempt = options.attempt;
  if (document.value("possible_duplicate", false)) raw.flags |= BELFRY_MESSAGE_POSSIBLE_DUPLICATE;
  if (document.value("sensitive", false)) raw.flags |= BELFRY_MESSAGE_SENSITIVE;
  raw.ticket = ticket;
  raw.deadline_unix_ms = (now + options.time).time_since_epoch().count();
  raw.delivery_id = sd::str(delivery_id);
  raw.body_json = sd::str(body);
  raw.prior_receipt_json = sd::str(prior);
  return raw;
}

// A raw request and the memory that it points to.
struct RawInbound {
  explicit RawInbound(const InboundRequest& from) {
    for (const auto& header : from.headers) headers.push_back({sd::str(header.name), sd::str(header.value)});
    raw.size = sizeof raw;
    raw.header_count = static_cast<std::uint32_t>(headers.size());
    raw.method = sd::str(from.method);
    raw.path = sd::str(from.path);
    raw.query = sd::str(from.query);
    raw.headers = headers.data();
    raw.body = sd::str(from.body);
  }
  std::vector<belfry_http_header> headers;
  belfry_inbound_request raw{};
};

}  // namespace

const belfry_plugin_entry* load_plugin(const std::filesystem::path& file) {
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto entry = reinterpret_cast<belfry_plugin_entry_fn>(dlsym(library, BELFRY_PLUGIN_ENTRY_NAME));
  if (entry == nullptr) throw std::runtime_error(file.string() + " does not export " BELFRY_PLUGIN_ENTRY_NAME);
  return entry();
}

// Every call into the instance goes through here, which rejects nested calls.
template <class Call>
auto FakeHost::call(Call function) const {
  if (in_call_) throw std::logic_error("FakeHost was used from inside a call to the sink");
  in_call_ = true;
  struct Leave {
    bool& in_call;
    ~Leave() { in_call = false; }
  } leave{in_call_};
  return function();
}

FakeHost::~FakeHost() { destroy(); }

std::expected<void, Problems> FakeHost::configure(const nlohmann::json& config) {
  auto checked = check_config(sd::view(descriptor_->config_schema_json), config);
  if (!checked.problems.empty()) return std::unexpected(std::move(checked.problems));
  secrets_ = std::move(checked.secrets);
  credential_ = std::move(checked.credential);
  Collected problems;
  const auto text = dump(checked.document);
  const auto refused = call([&] { return instance_.configure(self_, sd::str(text), &problems.writer); });
  check_no_secrets("a configuration problem", problems.text);
  if (refused != 0) {
    if (problems.text.empty()) add_violation("configure: refused without a problem");
    return std::unexpected(parse_problems(problems.text));
  }
  state_ = State::configured;
  return {};
}

std::expected<void, std::string> FakeHost::start() {
  if (state_ != State::configured) throw std::logic_error("FakeHost: call start() once, after configure()");
  state_ = State::started;
  Collected problem;
  const auto refused = call([&] { return instance_.start(self_, &problem.writer); });
  check_no_secrets("the error of start", problem.text);
  if (refused != 0) return std::unexpected(problem.text);
  return {};
}

bool FakeHost::stop(Millis timeout) {
  if (state_ == State::started || state_ == State::checking) {
    state_ = State::stopping;
    stop_ticket_ = open_ticket(Ticket::Purpose::stop);
    call([&] { instance_.stop(self_, stop_ticket_); });
  }
  if (stop_ticket_ == 0) throw std::logic_error("FakeHost: call stop() after start()");
  const auto until = now_ + timeout;
  run();
  while (!tickets_[stop_ticket_].outcome && advance_to_next(until)) run();
  return tickets_[stop_ticket_].outcome.has_value();
}

void FakeHost::destroy() {
  if (state_ == State::destroyed) return;
  while (release_offload()) {
  }
  pending_.clear();
  call([&] { instance_.destroy(self_); });
  state_ = State::destroyed;
}

// ---- Messages -------------------------------------------------------------------------------------------------------------

belfry_ticket FakeHost::open_ticket(Ticket::Purpose purpose) {
  const auto ticket = next_ticket();
  tickets_[ticket].purpose = purpose;
  return ticket;
}

belfry_ticket FakeHost::dispatch(const nlohmann::json& document, const DeliveryOptions& options, Ticket::Purpose purpose) {
  if (state_ != State::started) throw std::logic_error("FakeHost: deliver only between start() and stop()");
  const auto ticket = open_ticket(purpose);
  const auto delivery_id = document.value("delivery_id", "");
  const auto body = dump(document);
  const auto prior = options.prior_receipt.is_null() ? std::string() : dump(options.prior_receipt);
  const auto raw = raw_message(ticket, document, options, now_, delivery_id, body, prior);
  tickets_[ticket].time = options.time;
  abandon_at(ticket, now_ + options.time);
  if (purpose == Ticket::Purpose::deliver) {
    call([&] { instance_.deliver(self_, &raw); });
  } else {
    const auto* table = static_cast<const belfry_reconcile*>(instance_.extension(self_, sd::str(BELFRY_RECONCILE_1)));
    call([&] { table->reconcile(self_, &raw); });
  }
  return ticket;
}

belfry_ticket FakeHost::deliver(const nlohmann::json& document, const DeliveryOptions& options) {
  return dispatch(document, options, Ticket::Purpose::deliver);
}

std::optional<Outcome> FakeHost::outcome(belfry_ticket ticket) const {
  const auto found = tickets_.find(ticket);
  return found != tickets_.end() ? found->second.outcome : std::nullopt;
}

Outcome FakeHost::settle(belfry_ticket ticket) {
  run();
  while (!tickets_.at(ticket).outcome && advance_to_next(Timestamp::max())) run();
  return tickets_.at(ticket).outcome.value();
}

void FakeHost::abandon_at(belfry_ticket ticket, Timestamp deadline) {
  const auto limit = tickets_[ticket].limit = next_ticket();
  pending_[limit] = {0, [this, ticket] { abandon(ticket); }};
  timers_.emplace(deadline, limit);
}

void FakeHost::abandon(belfry_ticket ticket) {
  auto& settled = tickets_.at(ticket);
  if (settled.outcome || settled.reply || settled.abandoned) return;
  settled.abandoned = true;
  std::erase_if(pending_, [&](const auto& entry) { return entry.second.on_behalf_of == ticket; });
  std::erase_if(held_, [&](const auto& entry) { return entry.second.on_behalf_of == ticket; });
  settled.outcome = Outcome::retry("timeout", "no outcome before the deadline of the attempt").maybe_delivered(!settled.postponed);
  call([&] { instance_.abandon(self_, ticket); });
}

void FakeHost::abandon_unknown(belfry_ticket ticket) {
  call([&] { instance_.abandon(self_, ticket); });
}

// ---- Extensions -----------------------------------------------------------------------------------------------------------

bool FakeHost::has_extension(std::string_view id) const {
  return instance_.extension != nullptr && call([&] { return instance_.extension(self_, sd::str(id)); }) != nullptr;
}

std::vector<InboundRoute> FakeHost::routes() const {
  const auto* table =
      static_cast<const belfry_inbound_http*>(call([&] { return instance_.extension(self_, sd::str(BELFRY_INBOUND_HTTP_1)); }));
  Collected lines;
  call([&] { table->routes(self_, &lines.writer); });
  std::vector<InboundRoute> routes;
  std::size_t at = 0;
  while (at < lines.text.size()) {
    const auto end = std::min(lines.text.find('\n', at), lines.text.size());
    const auto space = std::min(lines.text.find(' ', at), end);
    routes.push_back({lines.text.substr(at, space - at), lines.text.substr(std::min(space + 1, end), end - std::min(space + 1, end))});
    at = end + 1;
  }
  return routes;
}

std::optional<InboundReply> FakeHost::inbound(const InboundRequest& request) {
  const auto* table = static_cast<const belfry_inbound_http*>(instance_.extension(self_, sd::str(BELFRY_INBOUND_HTTP_1)));
  const RawInbound raw(request);
  if (const auto status = call([&] { return table->verify(self_, &raw.raw); }); status != 0) {
    return InboundReply{.status = static_cast<int>(status)};
  }
  const auto ticket = open_ticket(Ticket::Purpose::inbound);
  call([&] { table->handle(self_, ticket, &raw.raw); });
  const auto until = now_ + kInboundLimit;
  run();
  while (!tickets_[ticket].reply && advance_to_next(until)) run();
  return tickets_[ticket].reply;
}

Outcome FakeHost::reconcile(const nlohmann::json& document) {
  return settle(dispatch(document, DeliveryOptions{.time = kReconcileLimit}, Ticket::Purpose::reconcile));
}

std::expected<nlohmann::json, std::string> FakeHost::render(const nlohmann::json& document) {
  const auto* table = static_cast<const belfry_render*>(instance_.extension(self_, sd::str(BELFRY_RENDER_1)));
  const auto delivery_id = document.value("delivery_id", "");
  const auto body = dump(document);
  const auto raw = raw_message(0, document, DeliveryOptions{}, now_, delivery_id, body, "");
  Collected out;
  const auto refused = call([&] { return table->render(self_, &raw, &out.writer); });
  check_no_secrets("the output of render", out.text);
  if (refused != 0) return std::unexpected(out.text);
  auto requests = nlohmann::json::parse(out.text, nullptr, false);
  if (!requests.is_array()) add_violation("render: the output is not a JSON array: " + out.text);
  return requests;
}

Findings FakeHost::check_online() {
  const auto* table = static_cast<const belfry_check_online*>(instance_.extension(self_, sd::str(BELFRY_CHECK_ONLINE_1)));
  if (state_ != State::configured && state_ != State::checking)
    throw std::logic_error("FakeHost: call check_online() after configure(), instead of start()");
  state_ = State::checking;
  const auto ticket = open_ticket(Ticket::Purpose::check);
  abandon_at(ticket, now_ + kCheckLimit);
  call([&] { table->check(self_, ticket); });
  const auto outcome = settle(ticket);
  auto findings = tickets_[ticket].findings;
  if (outcome.code != Outcome::Code::delivered) findings.push_back({Finding::Severity::error, "", outcome.detail, ""});
  return findings;
}

// ---- Time and events ------------------------------------------------------------------------------------------------------

void FakeHost::schedule(belfry_ticket ticket, belfry_ticket on_behalf_of, Millis after, std::function<void()> deliver) {
  pending_[ticket] = {on_behalf_of, std::move(deliver)};
  if (after.count() <= 0) {
    ready_.push_back(ticket);
  } else {
    timers_.emplace(now_ + after, ticket);
  }
}

void FakeHost::event(belfry_ticket ticket, std::uint32_t kind, const void* payload) {
  call([&] { instance_.event(self_, ticket, kind, payload); });
}

void FakeHost::stray_event(belfry_ticket ticket, std::uint32_t kind) { event(ticket, kind, nullptr); }

void FakeHost::run() {
  for (;;) {
    if (!ready_.empty()) {
      const auto ticket = ready_.front();
      ready_.pop_front();
      if (auto due = pending_.extract(ticket)) due.mapped().deliver();
    } else if (hold_offload_ || !release_offload()) {
      return;
    }
  }
}

// Moves the clock to the next timer that is due by `until`. Without one, moves it to `until` and returns false.
bool FakeHost::advance_to_next(Timestamp until) {
  while (!timers_.empty()) {
    const auto [when, ticket] = *timers_.begin();
    if (when > until) break;
    timers_.erase(timers_.begin());
    if (!pending_.contains(ticket)) continue;
    now_ = std::max(now_, when);
    ready_.push_back(ticket);
    return true;
  }
  if (until != Timestamp::max()) now_ = std::max(now_, until);
  return false;
}

void FakeHost::advance(Millis by) {
  const auto until = now_ + by;
  run();
  while (advance_to_next(until)) run();
}

// ---- The other services ----------------------------------------------------------------------------------------------------

std::map<FakeHost::KvKey, std::string> FakeHost::kv() const {
  std::map<KvKey, std::string> all;
  for (const auto& [slot, value] : kv_) {
    if (slot == kv_slot(slot.scope, slot.key)) all.emplace(KvKey{slot.scope, slot.key}, value.value);
  }
  return all;
}

void FakeHost::put_kv(std::string key, std::string value, KvScope scope) {
  kv_[kv_slot(scope, std::move(key))] = {std::move(value), ++kv_version_};
}

FakeHost::KvSlot FakeHost::kv_slot(KvScope scope, std::string key) const {
  const auto found = scope == KvScope::credential ? secrets_.find(credential_) : secrets_.end();
  return {scope, found == secrets_.end() ? std::string() : found->second, std::move(key)};
}

bool FakeHost::grant() {
  while (!waiting_grants_.empty()) {
    const auto ticket = waiting_grants_.front();
    waiting_grants_.pop_front();
    if (!pending_.contains(ticket)) continue;
    ready_.push_back(ticket);
    run();
    return true;
  }
  return false;
}

bool FakeHost::release_offload() {
  if (offloaded_.empty()) return false;
  const auto next = offloaded_.front();
  offloaded_.pop_front();
  if (is_open(next.on_behalf_of)) {
    if (next.on_behalf_of != 0) {
      auto& owner = tickets_[next.on_behalf_of];
      owner.postponed = false;
      abandon_at(next.on_behalf_of, now_ + owner.time);
    }
    std::thread(next.function).join();
  }
  event(next.ticket, BELFRY_EVENT_OFFLOAD, nullptr);
  return true;
}

void FakeHost::rotate_secret(const std::string& old_value, std::string new_value) {
  for (auto& [reference, value] : secrets_) {
    if (value == old_value) value = new_value;
  }
}

bool FakeHost::logged(std::string_view part) const {
  return std::ranges::any_of(log_, [&](const LogLine& line) { return line.text.find(part) != std::string::npos; });
}

double FakeHost::counter(const std::string& name) const {
  const auto found = counters_.find(name);
  return found != counters_.end() ? found->second : 0;
}

std::optional<double> FakeHost::gauge(const std::string& name) const {
  const auto found = gauges_.find(name);
  return found != gauges_.end() ? std::optional(found->second) : std::nullopt;
}

// ---- Contract checks ------------------------------------------------------------------------------------------------------

void FakeHost::add_violation(std::string sentence) { violations_.push_back(std::move(sentence)); }

void FakeHost::check_no_secrets(std::string_view where, std::string_view text) {
  for (const auto& secret : revealed_) {
    if (!secret.empty() && text.find(secret) != std::string_view::npos) add_violation("a secret appears in " + std::string(where));
  }
}

}  // namespace belfry::testkit
