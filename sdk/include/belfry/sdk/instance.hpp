// The C tables of a sink class. Internal: not for plugin authors. Every function here catches everything: no exception crosses into the
// host.
#pragma once
#include <algorithm>
#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "belfry/sdk/json_reader.hpp"
#include "belfry/sdk/sink.hpp"

namespace belfry::sdk {

// Gives this header access to private members of SinkBase.
class InstanceAccess {
 public:
  static void set_services(SinkBase& sink, Services services) { sink.services_ = services; }
  static Task<Outcome> attempt(SinkBase& sink, Message message) { return sink.attempt(std::move(message)); }
};

namespace detail {

inline void write_to(const belfry_writer* writer, std::string_view text) {
  if (writer != nullptr && writer->write != nullptr) writer->write(writer->ctx, str(text));
}

inline belfry_finding to_raw(const Finding& finding) {
  belfry_finding raw{};
  raw.size = sizeof raw;
  raw.severity = static_cast<std::uint32_t>(finding.severity);
  raw.pointer = str(finding.pointer);
  raw.text = str(finding.text);
  raw.remedy = str(finding.remedy);
  return raw;
}

inline std::string message_of(std::exception_ptr error) { return outcome_of(std::move(error), false).detail; }

// One instance: the sink, its runtime, and the optional interfaces of its class (null if absent). Freed by destroy().
struct Instance {
  Instance(const belfry_host& host, std::vector<std::string_view> declared) : runtime(host, std::move(declared)) {}
  virtual ~Instance() = default;

  Runtime runtime;
  SinkBase* sink = nullptr;
  Inbound* inbound = nullptr;
  Reconciles* reconciles = nullptr;
  Renders* renders = nullptr;
  ChecksOnline* checks = nullptr;
  const BlockingSink* blocking = nullptr;
  std::vector<InboundRoute> routes;  // and as the host reads them, until the next call
  std::vector<belfry_inbound_route> raw_routes;
};

template <class Class>
struct InstanceOf final : Instance {
  InstanceOf(const belfry_host& host, std::vector<std::string_view> declared) : Instance(host, std::move(declared)) {
    sink = &object;
    if constexpr (std::derived_from<Class, Inbound>) inbound = &object;
    if constexpr (std::derived_from<Class, Reconciles>) reconciles = &object;
    if constexpr (std::derived_from<Class, Renders>) renders = &object;
    if constexpr (std::derived_from<Class, ChecksOnline>) checks = &object;
    if constexpr (std::derived_from<Class, BlockingSink>) blocking = &object;
    InstanceAccess::set_services(object, Services(&runtime));
  }
  // Tasks refer to the sink, so they are destroyed first.
  ~InstanceOf() override { runtime.end(); }

  Class object;
};

inline Instance& instance(void* self) { return *static_cast<Instance*>(self); }

inline Findings checked_configure(Instance& self, belfry_str config_json) {
  Findings findings;
  try {
    auto document = read_json(view(config_json));
    if (document && document->is_object()) return self.sink->configure(Config(std::move(*document), &self.runtime));
    findings.error("", "the configuration is not a JSON object");
  } catch (const ConfigError& e) {
    findings.error(e.pointer(), e.what());
  } catch (...) {
    findings.error("", "the plugin failed to read its configuration: " + message_of(std::current_exception()));
  }
  return findings;
}

inline std::expected<void, std::string> checked_start(Instance& self) {
  try {
    self.runtime.load_tables();
    auto started = self.sink->start();
    self.runtime.drain();
    return started;
  } catch (...) {
    return std::unexpected("the plugin failed to start: " + message_of(std::current_exception()));
  }
}

// Awaits the sink's task and completes its ticket exactly once, whether it returns or throws. A withdrawn ticket is not completed.
inline Task<> settle(Root& root, Task<Outcome> task) {
  Outcome outcome;
  try {
    outcome = co_await std::move(task);
  } catch (...) {
    outcome = outcome_of(std::current_exception(), root.request_sent);
  }
  if (!root.withdrawn) root.runtime.complete(root.ticket, outcome);
}

inline ReconcileResult reconcile_result_of(std::exception_ptr error) {
  const Outcome outcome = outcome_of(std::move(error), false);
  if (outcome.code == Outcome::Code::rate_limited && outcome.after) return ReconcileResult::later(*outcome.after, outcome.detail);
  return ReconcileResult::unknown(outcome.detail);
}

inline void settle_reconcile(Runtime& runtime, belfry_ticket ticket, const ReconcileResult& result) {
  std::string receipt;
  if (result.receipt.is_object()) receipt = result.receipt.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  belfry_reconcile_result raw{};
  raw.size = sizeof raw;
  raw.code = static_cast<std::uint32_t>(result.code);
  raw.retry_after_ms = static_cast<std::uint64_t>(std::max<Millis::rep>(result.after.count(), 0));
  raw.detail = str(result.detail);
  raw.receipt_json = str(receipt);
  runtime.require(runtime.tables().reconcile.settle, BELFRY_HOST_RECONCILE_1)(runtime.ctx(), ticket, &raw);
}

inline Task<> settle(Root& root, Task<ReconcileResult> task) {
  ReconcileResult result;
  try {
    result = co_await std::move(task);
  } catch (...) {
    result = reconcile_result_of(std::current_exception());
  }
  settle_reconcile(root.runtime, root.ticket, result);
}

// Starts the task that `make_task` returns for a message. `on_failure` settles the ticket after an exception before the first suspension.
template <class MakeTask, class OnFailure>
void begin_ticket(Instance& self, const belfry_message* raw, MakeTask make_task, OnFailure on_failure) noexcept {
  const auto message = copy_sized(raw);
  try {
    self.runtime.run_for(message.ticket, [&](Root& root) { return settle(root, make_task(Message(message))); });
    self.runtime.drain();
  } catch (...) {
    self.runtime.abandon(message.ticket);
    on_failure(message.ticket, std::current_exception());
  }
}

inline Task<> stop_when_idle(Instance& self, belfry_ticket done) {
  co_await self.runtime.wait_idle();
  try {
    co_await self.sink->stop();
  } catch (...) {
    self.runtime.write_log(BELFRY_LOG_ERROR, "stop: " + message_of(std::current_exception()));
  }
  self.runtime.finish(done);
}

inline void reply_to(Runtime& runtime, belfry_ticket ticket, const InboundReply& reply) {
  belfry_inbound_reply raw{};
  raw.size = sizeof raw;
  raw.status = static_cast<std::uint32_t>(reply.status);
  raw.content_type = str(reply.content_type);
  raw.body = str(reply.body);
  runtime.require(runtime.tables().inbound.reply, BELFRY_HOST_INBOUND_HTTP_1)(runtime.ctx(), ticket, &raw);
}

inline Task<> run_inbound(Instance& self, belfry_ticket ticket, InboundRequest request) {
  InboundReply reply;
  try {
    reply = co_await self.inbound->handle(std::move(request));
  } catch (...) {
    self.runtime.write_log(BELFRY_LOG_ERROR, "inbound request: " + message_of(std::current_exception()));
    reply = {.status = 500};
  }
  reply_to(self.runtime, ticket, reply);
}

inline InboundRequest to_request(const belfry_inbound_request* raw_request) {
  const auto raw = copy_sized(raw_request);
  InboundRequest request{.method = std::string(view(raw.method)),
                         .path = std::string(view(raw.path)),
                         .query = std::string(view(raw.query)),
                         .body = std::string(view(raw.body))};
  for (std::uint32_t i = 0; i < raw.header_count; ++i) {
    request.headers.push_back({std::string(view(raw.headers[i].name)), std::string(view(raw.headers[i].value))});
  }
  return request;
}

// Wraps a call from the host that cannot report failure. After an exception, its ticket stays open until the host abandons it.
template <class Call>
void guarded(Runtime& runtime, Call call) noexcept {
  try {
    call();
    runtime.drain();
  } catch (...) {
    runtime.write_log(BELFRY_LOG_ERROR, "out of memory, or an exception from code that must not throw");
  }
}

// ---- Functions of belfry_sink_api ----

inline belfry_status configure(void* self, belfry_str config_json, const belfry_findings* findings) noexcept {
  const auto found = checked_configure(instance(self), config_json);
  for (const auto& finding : found) {
    const auto raw = to_raw(finding);
    findings->add(findings->ctx, &raw);
  }
  return found.has_errors() ? BELFRY_FAILED : BELFRY_OK;
}

inline belfry_status start(void* self, const belfry_writer* problem) noexcept {
  const auto started = checked_start(instance(self));
  if (started) return BELFRY_OK;
  write_to(problem, started.error());
  return BELFRY_FAILED;
}

inline void deliver(void* self, const belfry_message* message) noexcept {
  auto& own = instance(self);
  begin_ticket(
      own, message, [&own](Message m) { return InstanceAccess::attempt(*own.sink, std::move(m)); },
      [&own](belfry_ticket ticket, std::exception_ptr error) { own.runtime.complete(ticket, outcome_of(std::move(error), false)); });
}

inline void abandon(void* self, belfry_ticket ticket) noexcept {
  auto& runtime = instance(self).runtime;
  guarded(runtime, [&] { runtime.abandon(ticket); });
}

inline void event(void* self, const belfry_event* event) noexcept {
  guarded(instance(self).runtime, [&] { Runtime::event(copy_sized(event)); });
}

inline void stop(void* self, belfry_ticket done, int64_t /*deadline_ms*/) noexcept {
  auto& own = instance(self);
  guarded(own.runtime, [&] { own.runtime.spawn(stop_when_idle(own, done)); });
}

inline void destroy(void* self) noexcept {
  // A function on the host's pool may still be using the sink: leaking it is safer than freeing it.
  if (instance(self).runtime.has_open_jobs()) return;
  delete &instance(self);
}

// ---- Extensions ----

inline uint32_t inbound_routes(void* self, const belfry_inbound_route** routes) noexcept {
  auto& own = instance(self);
  own.raw_routes.clear();
  try {
    own.routes = own.inbound->routes();
    for (const auto& route : own.routes) own.raw_routes.push_back({str(route.method), str(route.path)});
  } catch (...) {
    own.raw_routes.assign(1, {});  // refused by the host: better than a sink that misses its requests
  }
  *routes = own.raw_routes.data();
  return static_cast<uint32_t>(own.raw_routes.size());
}

inline uint32_t inbound_verify(void* self, const belfry_inbound_request* request) noexcept {
  constexpr uint32_t kUnauthorized = 401;
  try {
    const auto status = instance(self).inbound->verify(to_request(request)).status();
    return status == 0 || (status >= 400 && status < 600) ? static_cast<uint32_t>(status) : kUnauthorized;
  } catch (...) {
    instance(self).runtime.write_log(BELFRY_LOG_ERROR, "verify: " + message_of(std::current_exception()));
    return kUnauthorized;
  }
}

inline void inbound_handle(void* self, belfry_ticket ticket, const belfry_inbound_request* request) noexcept {
  auto& own = instance(self);
  guarded(own.runtime, [&] { own.runtime.run_for(ticket, [&](Root&) { return run_inbound(own, ticket, to_request(request)); }); });
}

inline void reconcile(void* self, const belfry_message* message) noexcept {
  auto& own = instance(self);
  begin_ticket(
      own, message, [&own](Message m) { return own.reconciles->reconcile(std::move(m)); },
      [&own](belfry_ticket ticket, std::exception_ptr error) {
        settle_reconcile(own.runtime, ticket, reconcile_result_of(std::move(error)));
      });
}

inline belfry_status render(void* self, const belfry_message* message, const belfry_writer* out) noexcept {
  try {
    const auto rendered = instance(self).renders->render(Message(copy_sized(message)));
    write_to(out, rendered ? rendered->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) : rendered.error());
    return rendered ? BELFRY_OK : BELFRY_FAILED;
  } catch (...) {
    write_to(out, message_of(std::current_exception()));
    return BELFRY_FAILED;
  }
}

inline uint32_t max_in_flight(void* self) noexcept {
  try {
    return static_cast<uint32_t>(std::clamp<std::size_t>(instance(self).blocking->concurrency(), 1, UINT32_MAX));
  } catch (...) {
    return 1;
  }
}

inline Task<> run_check(Instance& self, belfry_ticket ticket) {
  const auto& table = self.runtime.tables().check_online;
  std::string unfinished;
  try {
    const Findings findings = co_await self.checks->check_online();
    for (const auto& finding : findings) {
      const auto raw = to_raw(finding);
      table.add(self.runtime.ctx(), ticket, &raw);
    }
  } catch (...) {
    unfinished = message_of(std::current_exception());
    if (unfinished.empty()) unfinished = "the check failed without a reason";
  }
  table.end(self.runtime.ctx(), ticket, str(unfinished));
}

inline void check_online(void* self, belfry_ticket ticket, int64_t /*deadline_ms*/) noexcept {
  auto& own = instance(self);
  guarded(own.runtime, [&] {
    own.runtime.load_tables();
    own.runtime.run_for(ticket, [&](Root&) { return run_check(own, ticket); });
  });
}

inline constexpr belfry_sink_inbound_http kInboundTable{sizeof(belfry_sink_inbound_http), 0, inbound_routes, inbound_verify,
                                                        inbound_handle};
inline constexpr belfry_sink_reconcile kReconcileTable{sizeof(belfry_sink_reconcile), 0, reconcile};
inline constexpr belfry_sink_render kRenderTable{sizeof(belfry_sink_render), 0, render};
inline constexpr belfry_sink_in_flight kInFlightTable{sizeof(belfry_sink_in_flight), BELFRY_IN_FLIGHT_OFFLOADED, max_in_flight};
inline constexpr belfry_sink_check_online kCheckOnlineTable{sizeof(belfry_sink_check_online), 0, check_online};

inline const void* extension(void* self, belfry_str id) noexcept {
  const auto& own = instance(self);
  if (view(id) == BELFRY_SINK_INBOUND_HTTP_1 && own.inbound != nullptr) return &kInboundTable;
  if (view(id) == BELFRY_SINK_RECONCILE_1 && own.reconciles != nullptr) return &kReconcileTable;
  if (view(id) == BELFRY_SINK_RENDER_1 && own.renders != nullptr) return &kRenderTable;
  if (view(id) == BELFRY_SINK_CHECK_ONLINE_1 && own.checks != nullptr) return &kCheckOnlineTable;
  if (view(id) == BELFRY_SINK_IN_FLIGHT_1 && own.blocking != nullptr) return &kInFlightTable;
  return nullptr;
}

inline constexpr belfry_sink_api kSinkApi{sizeof(belfry_sink_api), 0, configure, start, deliver, abandon, event, stop, destroy, extension};

// The services that a plugin names: those of its description, and those of the class's bases.
template <class Class>
std::vector<std::string_view> required_services(const PluginInfo& info) {
  std::vector<std::string_view> all;
  for (const auto service : info.services) {
    if (!service.empty()) all.push_back(service);
  }
  if constexpr (std::derived_from<Class, BlockingSink>) all.push_back(BELFRY_HOST_OFFLOAD_1);
  if constexpr (std::derived_from<Class, Inbound>) all.push_back(BELFRY_HOST_INBOUND_HTTP_1);
  if constexpr (std::derived_from<Class, Reconciles>) all.push_back(BELFRY_HOST_RECONCILE_1);
  if constexpr (std::derived_from<Class, ChecksOnline>) all.push_back(BELFRY_HOST_CHECK_ONLINE_1);
  return all;
}

inline std::vector<std::string_view> optional_services(const PluginInfo& info) {
  std::vector<std::string_view> all;
  for (const auto service : info.optional_services) {
    if (!service.empty()) all.push_back(service);
  }
  return all;
}

// A descriptor together with the lists that it points to.
class Description {
 public:
  Description(const PluginInfo& info, const std::vector<std::string_view>& required) {
    for (const auto service : required) required_.push_back(str(service));
    for (const auto service : detail::optional_services(info)) optional_.push_back(str(service));
    table_.size = sizeof table_;
    table_.type = str(info.type);
    table_.title = str(info.title.empty() ? info.type : info.title);
    table_.version = str(info.version);
    table_.license = str(info.license);
    table_.config_schema_json = str(info.config_schema_json);
    table_.access = info.access;
    table_.services = required_.data();
    table_.optional_services = optional_.data();
    table_.service_count = static_cast<std::uint32_t>(required_.size());
    table_.optional_service_count = static_cast<std::uint32_t>(optional_.size());
  }
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;

  [[nodiscard]] const belfry_descriptor& table() const { return table_; }

 private:
  std::vector<belfry_str> required_, optional_;
  belfry_descriptor table_{};
};

// The plugin entry of one class. `info` has internal linkage, and so does everything instantiated with it: two plugins in one process share
// nothing.
template <class Class, const PluginInfo& info>
struct Entry {
  static uint32_t count() noexcept { return 1; }

  static const belfry_descriptor* descriptor(uint32_t index) noexcept {
    try {
      static const Description kDescription(info, required_services<Class>(info));
      return index == 0 ? &kDescription.table() : nullptr;
    } catch (...) {
      return nullptr;  // out of memory
    }
  }

  static belfry_status create(belfry_str type, const belfry_host* host, void** self, const belfry_sink_api** api) noexcept {
    if (view(type) != info.type) return BELFRY_FAILED;
    try {
      auto declared = required_services<Class>(info);
      const auto optional = optional_services(info);
      declared.insert(declared.end(), optional.begin(), optional.end());
      *self = static_cast<Instance*>(std::make_unique<InstanceOf<Class>>(copy_sized(host), std::move(declared)).release());
      *api = &kSinkApi;
      return BELFRY_OK;
    } catch (...) {
      return BELFRY_FAILED;
    }
  }

  static const belfry_plugin_entry* table() noexcept {
    static constexpr belfry_plugin_entry kEntry{sizeof(belfry_plugin_entry),
                                                BELFRY_PLUGIN_MAGIC,
                                                BELFRY_ABI_MAJOR,
                                                BELFRY_ABI_MINOR,
                                                info.needs_host_minor,
                                                0,
                                                count,
                                                descriptor,
                                                create};
    return &kEntry;
  }
};

}  // namespace detail
}  // namespace belfry::sdk
