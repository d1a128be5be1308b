#include "chaos_sink.hpp"

namespace belfry::testkit {
namespace {

constexpr std::size_t kMaxDepth = 3;

// In every frame: counts what is alive.
struct Alive {
  Alive() { ++ChaosSink::alive; }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;
  ~Alive() { --ChaosSink::alive; }
};

constexpr sdk::PluginInfo kChaos{.type = "chaos",
                                 .config_schema_json = R"({"type":"object","properties":{
                                   "token":{"type":"string","x-secret":true,"x-account":true}}})",
                                 .services = {BELFRY_HOST_HTTP_CLIENT_1, BELFRY_HOST_KV_1, BELFRY_HOST_RATE_LIMIT_1, BELFRY_HOST_OFFLOAD_1,
                                              BELFRY_HOST_WEBSOCKET_1, BELFRY_HOST_RECIPIENTS_1}};
constexpr sdk::PluginInfo kChaosBlocking{.type = "chaos-blocking", .config_schema_json = R"({"type":"object","properties":{
                                   "token":{"type":"string","x-secret":true}}})"};

}  // namespace

ChaosSink::ChaosSink() : random_(seed) { ++alive; }
ChaosSink::~ChaosSink() { --alive; }

Findings ChaosSink::configure(const Config& config) {
  secret_ = config.secret("token");
  Findings findings;
  if (random_.one_in(4)) findings.warning("/token", "is random", "nothing can be done about it");
  if (random_.one_in(50)) findings.error("", "this seed refuses its configuration");
  return findings;
}

std::expected<void, std::string> ChaosSink::start() {
  if (random_.one_in(50)) return std::unexpected("this seed does not start");
  if (random_.one_in(2)) spawn(act(0));
  rate_limit().define({Scope::account, "m"}, 1, Millis(10), 1);
  return {};
}

void ChaosSink::fail() {
  if (random_.one_in(2)) throw std::runtime_error("a random failure");
  throw OutcomeError(random_.one_in(2) ? Outcome::rate_limited(Millis(20), LimitScope::account, "random", "random_limit")
                                       : Outcome::rejected("random", "a random refusal"));
}

Task<> ChaosSink::request() {
  const Alive frame;
  auto request = random_.one_in(2) ? HttpRequest::get("https://chaos.example/get") : HttpRequest::post("https://chaos.example/post", "{}");
  request.headers.push_back({"Authorization", "Bearer " + secret_.reveal()});
  if (random_.one_in(3)) request.timeout = Millis(30);
  const auto result = co_await http().send(std::move(request));
  if (!result.success() && random_.one_in(3)) throw OutcomeError(http_outcome(result));
}

Task<> ChaosSink::use_kv() {
  const Alive frame;
  const auto store = kv(random_.one_in(2) ? Scope::sink : Scope::account);
  const std::string key(1 + random_.below(3), 'k');
  switch (random_.below(4)) {
    case 0: co_await store.get(key); break;
    case 1: co_await store.put_durable(key, "value", random_.one_in(2) ? Kv::kAnyVersion : random_.below(3)); break;
    case 2: co_await store.erase(key); break;
    default: store.put(key, "cached"); break;
  }
}

Task<> ChaosSink::use_socket() {
  const Alive frame;
  WebSocketRequest wanted("wss://chaos.example/socket");
  if (random_.one_in(3)) wanted.timeout = Millis(20);
  auto connected = co_await websocket().connect(std::move(wanted));
  if (!connected) co_return;
  WebSocketConnection socket = std::move(*connected);
  for (auto left = random_.below(4); left > 0; --left) {
    if (random_.one_in(2) && !socket.send("a text")) break;
    if (random_.one_in(4)) socket.close(3000 + static_cast<std::uint32_t>(random_.below(10)), "random");
    const auto event = co_await socket.next();
    if (event.kind == WebSocketEvent::Kind::closed) break;
  }
  if (random_.one_in(3)) sockets_.push_back(std::move(socket));
}

Task<> ChaosSink::use_wakeup() {
  const Alive frame;
  wakeups_.push_back(services().wakeup());
  auto& wakeup = *wakeups_.back();
  const auto notifications = random_.below(3);
  for (std::size_t i = 0; i < notifications; ++i) wakeup.notify();
  if (random_.one_in(2)) {
    wakeups_.pop_back();  // possibly with a notification on its way
  } else if (notifications != 0) {
    co_await wakeup.wait();
  }
}

Task<> ChaosSink::offload_work() {
  const Alive frame;
  auto work = [log = log(), clock = clock(), fails = random_.one_in(4)] {
    log.debug("at " + std::to_string(clock.now().time_since_epoch().count()));
    if (fails) throw std::runtime_error("random failure on another thread");
    return 1;
  };
  co_await offload().run(std::move(work));
}

Task<std::string> ChaosSink::look_up(std::size_t depth) {
  const Alive frame;
  co_await act(depth);
  co_return "found";
}

Task<> ChaosSink::step(std::size_t depth) {
  const Alive frame;
  switch (random_.below(16)) {
    case 0:
    case 1:
    case 2: co_await request(); break;
    case 3: co_await clock().sleep_for(Millis(random_.below(40))); break;
    case 4: co_await use_kv(); break;
    case 5: co_await rate_limit().acquire({Scope::account, random_.one_in(2) ? "m" : ""}); break;
    case 6: co_await offload_work(); break;
    case 7: co_await signal_.wait(); break;
    case 8: random_.one_in(2) ? signal_.set() : signal_.reset(); break;
    case 9:
      if (depth < kMaxDepth) spawn(act(depth + 1));
      break;
    case 10:
      if (depth < kMaxDepth) co_await flights_.run(std::string(1 + random_.below(2), 'f'), look_up(depth + 1));
      break;
    case 11: co_await use_socket(); break;
    case 12: sockets_.clear(); break;
    case 13: {
      const Task<> never_started = act(kMaxDepth);
      metrics().add("dropped");
      break;
    }
    case 14: co_await use_wakeup(); break;
    default:
      if (random_.one_in(3)) fail();
      services().add_secret("learned-secret");
      recipients().set_time_zone("ada@example.com", "Europe/Berlin");
      rate_limit().report_limited({Scope::account, "m"}, Millis(5));
      metrics().set("random", static_cast<double>(random_.below(10)));
      break;
  }
}

Task<> ChaosSink::act(std::size_t depth) {
  const Alive frame;
  for (auto left = random_.below(5); left > 0; --left) co_await step(depth);
}

Task<Outcome> ChaosSink::deliver(Message message) {
  const Alive frame;
  co_await act(0);
  if (message.deadline() < clock().monotonic()) throw std::logic_error("a task runs after its deadline");
  co_return random_.one_in(3) ? Outcome::retry("random", "try again").maybe_delivered() : Outcome::delivered({{"id", "1"}});
}

Task<> ChaosSink::stop() {
  const Alive frame;
  wakeups_.clear();
  // Nothing that depends on a peer or on another task.
  if (random_.one_in(2)) co_await clock().sleep_for(Millis(random_.below(40)));
  if (random_.one_in(2)) co_await use_kv();
  if (random_.one_in(2)) co_await offload_work();
}

Verification ChaosSink::verify(const InboundRequest& request) {
  if (random_.one_in(10)) throw std::runtime_error("random");
  return request.body.empty() ? Verification::refuse() : Verification::accept();
}

Task<InboundReply> ChaosSink::handle(InboundRequest request) {
  const Alive frame;
  co_await act(1);
  co_return InboundReply{.status = 200, .content_type = "text/plain", .body = std::move(request.body)};
}

Task<ReconcileResult> ChaosSink::reconcile(Message) {
  const Alive frame;
  co_await act(1);
  switch (random_.below(4)) {
    case 0: co_return ReconcileResult::found({{"id", "1"}});
    case 1: co_return ReconcileResult::absent();
    case 2: co_return ReconcileResult::later(Millis(10), "not yet");
    default: co_return ReconcileResult::unknown("cannot be known");
  }
}

std::expected<nlohmann::json, std::string> ChaosSink::render(const Message& message) const {
  return nlohmann::json::array({{{"method", "POST"}, {"url", "https://chaos.example/post"}, {"body", message.item().title}}});
}

Task<Findings> ChaosSink::check_online() {
  const Alive frame;
  co_await act(1);
  Findings findings;
  findings.note("", "checked at random");
  co_return findings;
}

Findings ChaosBlockingSink::configure(const Config& config) {
  secret_ = config.secret("token");
  return {};
}

Outcome ChaosBlockingSink::deliver(Message message) {
  log().info("delivering " + message.item().title);
  metrics().add("delivered", static_cast<double>(secret_.reveal().size()));
  if (message.deadline() < clock().monotonic()) return Outcome::retry("late", "there is no time left");
  if (message.delivery_id().back() % 3 == 0) throw std::runtime_error("random");
  return Outcome::delivered();
}

const belfry_plugin_entry* chaos_entry() { return sdk::detail::Entry<ChaosSink, kChaos>::table(); }
const belfry_plugin_entry* chaos_blocking_entry() { return sdk::detail::Entry<ChaosBlockingSink, kChaosBlocking>::table(); }

}  // namespace belfry::testkit
