// The C tables of a sink class. Internal: not for plugin authors. Every function here catches everything: no exception crosses into the
// host.
#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "belfry/sdk/sink.hpp"

namespace belfry::sdk {

// The description of a plugin, as passed to BELFRY_PLUGIN. The views must live as long as the library: use string literals.
struct PluginInfo {
  std::string_view type;                // [a-z][a-z0-9_-]{0,31}
  std::string_view config_schema_json;  // JSON Schema (draft-07), type object
  std::string_view title{};             // one line for people; the type if empty
  std::string_view version = "0";
  std::string_view license{};                   // SPDX expression
  std::array<std::string_view, 12> services{};  // required: start() fails with an error that names the missing one
};

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

// Writes one line "POINTER<TAB>TEXT\n". Tabs and line breaks inside either part become spaces.
inline void write_problem(const belfry_writer* writer, const Problem& problem) {
  std::string line = problem.pointer + '\t' + problem.text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool separator = i == problem.pointer.size();
    if (!separator && (line[i] == '\t' || line[i] == '\n' || line[i] == '\r')) line[i] = ' ';
  }
  write_to(writer, line + '\n');
}

inline std::string message_of(std::exception_ptr error) { return outcome_of(std::move(error), false).detail; }

// One instance: the sink, its runtime, and the optional interfaces of its class (null if absent). Freed by destroy().
struct Instance {
  Instance(const belfry_host& host, const PluginInfo& plugin) : runtime(host), info(plugin) {}
  virtual ~Instance() = default;

  Runtime runtime;
  const PluginInfo& info;
  SinkBase* sink = nullptr;
  Inbound* inbound = nullptr;
  Reconciles* reconciles = nullptr;
  Renders* renders = nullptr;
  ChecksOnline* checks = nullptr;
  const BlockingSink* blocking = nullptr;
};

template <class Class>
struct InstanceOf final : Instance {
  InstanceOf(const belfry_host& host, const PluginInfo& plugin) : Instance(host, plugin) {
    sink = &object;
    if constexpr (std::derived_from<Class, Inbound>) inbound = &object;
    if constexpr (std::derived_from<Class, Reconciles>) reconciles = &object;
    if constexpr (std::derived_from<Class, Renders>) renders = &object;
    if constexpr (std::derived_from<Class, ChecksOnline>) checks = &object;
    if constexpr (std::derived_from<Class, BlockingSink>) blocking = &object;
    InstanceAccess::set_services(object, Services(&runtime));
  }
  // Tasks refer to the sink, so they are destroyed first.
  ~InstanceOf() override { runtime.cancel_all(); }

  Class object;
};

inline Instance& instance(void* self) { return *static_cast<Instance*>(self); }

inline std::expected<void, Problems> checked_configure(Instance& self, belfry_str config_json) {
  const auto problem = [](std::string pointer, std::string text) {
    Problems problems;
    problems.add(std::move(pointer), std::move(text));
    return std::unexpected(std::move(problems));
  };
  try {
    auto document = nlohmann::json::parse(view(config_json), nullptr, false);
    if (!document.is_object()) return problem("", "the configuration is not a JSON object");
    return self.sink->configure(Config(std::move(document), &self.runtime));
  } catch (const ConfigError& e) {
    return problem(e.pointer(), e.what());
  } catch (...) {
    return problem("", "the plugin failed to read its configuration: " + message_of(std::current_exception()));
  }
}

// Makes services available from here on. Fails if the host lacks one that the plugin requires.
inline std::expected<void, std::string> load_services(Instance& self) {
  self.runtime.load_tables();
  for (const auto service : self.info.services) {
    if (!service.empty() && !self.runtime.has_service(service)) {
      return std::unexpected("this gateway does not offer " + std::string(service) + ", which " + std::string(self.info.type) + " needs");
    }
  }
  return {};
}

inline std::expected<void, std::string> checked_start(Instance& self) {
  try {
    if (auto loaded = load_services(self); !loaded) return loaded;
    auto started = self.sink->start();
    self.runtime.drain();
    return started;
  } catch (...) {
    return std::unexpected("the plugin failed to start: " + message_of(std::current_exception()));
  }
}

// Awaits the sink's task and completes its ticket exactly once, whether it returns or throws. A withdrawn ticket is not completed.
template <class Result>
Task<> settle(Root& root, Task<Result> task) {
  Outcome outcome;
  try {
    if constexpr (std::same_as<Result, Outcome>) {
      outcome = co_await std::move(task);
    } else {
      const Result result = co_await std::move(task);
      outcome = result.outcome();
    }
  } catch (...) {
    outcome = outcome_of(std::current_exception(), root.request_sent);
  }
  if (!root.withdrawn) root.runtime.complete(root.ticket, outcome);
}

// Starts the task that `make_task` returns for a message. An exception thrown before the first suspension also settles the ticket.
template <class MakeTask>
void begin_ticket(Instance& self, const belfry_message* raw, MakeTask make_task) noexcept {
  const auto message = copy_sized(raw);
  try {
    self.runtime.run_for(message.ticket, [&](Root& root) { return settle(root, make_task(Message(message))); });
    self.runtime.drain();
  } catch (...) {
    self.runtime.abandon(message.ticket);
    self.runtime.complete(message.ticket, outcome_of(std::current_exception(), false));
  }
}

inline Task<> stop_when_idle(Instance& self, belfry_ticket done) {
  co_await self.runtime.wait_idle();
  try {
    co_await self.sink->stop();
  } catch (...) {
    self.runtime.write_log(BELFRY_LOG_ERROR, "stop: " + message_of(std::current_exception()));
  }
  self.runtime.complete(done, Outcome::delivered());
}

inline void reply_to(Runtime& runtime, belfry_ticket ticket, const InboundReply& reply) {
  belfry_inbound_reply raw{};
  raw.size = sizeof raw;
  raw.status = static_cast<std::uint32_t>(reply.status);
  raw.content_type = str(reply.content_type);
  raw.body = str(reply.body);
  runtime.require(runtime.tables().inbound.reply, BELFRY_INBOUND_HTTP_1)(runtime.ctx(), ticket, &raw);
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

// ---- Functions of belfry_instance ----

inline int32_t configure(void* self, belfry_str config_json, const belfry_writer* problems) noexcept {
  const auto configured = checked_configure(instance(self), config_json);
  if (configured) return 0;
  for (const auto& problem : configured.error()) write_problem(problems, problem);
  return 1;
}

inline int32_t start(void* self, const belfry_writer* problem) noexcept {
  const auto started = checked_start(instance(self));
  if (started) return 0;
  write_to(problem, started.error());
  return 1;
}

inline void deliver(void* self, const belfry_message* message) noexcept {
  auto& own = instance(self);
  begin_ticket(own, message, [&own](Message m) { return InstanceAccess::attempt(*own.sink, std::move(m)); });
}

inline void abandon(void* self, belfry_ticket ticket) noexcept {
  auto& runtime = instance(self).runtime;
  guarded(runtime, [&] { runtime.abandon(ticket); });
}

inline void event(void* self, belfry_ticket ticket, uint32_t kind, const void* payload) noexcept {
  auto& runtime = instance(self).runtime;
  guarded(runtime, [&] { runtime.event(ticket, kind, payload); });
}

inline void stop(void* self, belfry_ticket done) noexcept {
  auto& own = instance(self);
  guarded(own.runtime, [&] { own.runtime.spawn(stop_when_idle(own, done)); });
}

inline void destroy(void* self) noexcept {
  // A function on the host's pool may still be using the sink: leaking it is safer than freeing it.
  if (instance(self).runtime.has_open_jobs()) return;
  delete &instance(self);
}

// ---- Extensions ----

inline void inbound_routes(void* self, const belfry_writer* out) noexcept {
  try {
    for (const auto& route : instance(self).inbound->routes()) write_to(out, route.method + ' ' + route.path + '\n');
  } catch (...) {
    instance(self).runtime.write_log(BELFRY_LOG_ERROR, "routes: " + message_of(std::current_exception()));
  }
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
  begin_ticket(own, message, [&own](Message m) { return own.reconciles->reconcile(std::move(m)); });
}

inline int32_t render(void* self, const belfry_message* message, const belfry_writer* out) noexcept {
  try {
    const auto rendered = instance(self).renders->render(Message(copy_sized(message)));
    write_to(out, rendered ? rendered->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) : rendered.error());
    return rendered ? 0 : 1;
  } catch (...) {
    write_to(out, message_of(std::current_exception()));
    return 1;
  }
}

inline uint32_t max_in_flight(void* self) noexcept {
  try {
    return static_cast<uint32_t>(std::clamp<std::size_t>(instance(self).blocking->concurrency(), 1, UINT32_MAX));
  } catch (...) {
    return 1;
  }
}

inline Task<Outcome> report(Instance& self, belfry_ticket ticket) {
  const auto add = self.runtime.require(self.runtime.tables().findings.add, BELFRY_CHECK_ONLINE_1);
  const Findings findings = co_await self.checks->check_online();
  for (const auto& finding : findings) {
    belfry_finding raw{};
    raw.size = sizeof raw;
    raw.severity = static_cast<std::uint32_t>(finding.severity);
    raw.pointer = str(finding.pointer);
    raw.text = str(finding.text);
    raw.remedy = str(finding.remedy);
    add(self.runtime.ctx(), ticket, &raw);
  }
  co_return Outcome::delivered();
}

inline void check_online(void* self, belfry_ticket ticket) noexcept {
  auto& own = instance(self);
  guarded(own.runtime, [&] {
    if (const auto loaded = load_services(own); !loaded) {
      own.runtime.complete(ticket, Outcome::misconfigured("service_missing", loaded.error()));
    } else {
      own.runtime.run_for(ticket, [&](Root& root) { return settle(root, report(own, ticket)); });
    }
  });
}

inline constexpr belfry_inbound_http kInboundTable{sizeof(belfry_inbound_http), 0, inbound_routes, inbound_verify, inbound_handle};
inline constexpr belfry_reconcile kReconcileTable{sizeof(belfry_reconcile), 0, reconcile};
inline constexpr belfry_render kRenderTable{sizeof(belfry_render), 0, render};
inline constexpr belfry_in_flight kInFlightTable{sizeof(belfry_in_flight), BELFRY_IN_FLIGHT_OFFLOADED, max_in_flight};
inline constexpr belfry_check_online kCheckOnlineTable{sizeof(belfry_check_online), 0, check_online};

inline const void* extension(void* self, belfry_str id) noexcept {
  const auto& own = instance(self);
  if (view(id) == BELFRY_INBOUND_HTTP_1 && own.inbound != nullptr) return &kInboundTable;
  if (view(id) == BELFRY_RECONCILE_1 && own.reconciles != nullptr) return &kReconcileTable;
  if (view(id) == BELFRY_RENDER_1 && own.renders != nullptr) return &kRenderTable;
  if (view(id) == BELFRY_CHECK_ONLINE_1 && own.checks != nullptr) return &kCheckOnlineTable;
  if (view(id) == BELFRY_IN_FLIGHT_1 && own.blocking != nullptr) return &kInFlightTable;
  return nullptr;
}

inline constexpr belfry_instance kInstanceTable{
    sizeof(belfry_instance), 0, configure, start, deliver, abandon, event, stop, destroy, extension};

// The plugin entry of one class. `info` has internal linkage, and so does everything instantiated with it: two plugins in one process share
// nothing.
template <class Class, const PluginInfo& info>
struct Entry {
  static uint32_t count() noexcept { return 1; }

  static const belfry_descriptor* descriptor(uint32_t index) noexcept {
    static const belfry_descriptor kDescriptor{sizeof(belfry_descriptor),
                                               0,
                                               str(info.type),
                                               str(info.title.empty() ? info.type : info.title),
                                               str(info.version),
                                               str(info.license),
                                               str(info.config_schema_json),
                                               0};
    return index == 0 ? &kDescriptor : nullptr;
  }

  static int32_t create(uint32_t index, const belfry_host* host, void** self, const belfry_instance** table) noexcept {
    if (index != 0) return 1;
    try {
      *self = static_cast<Instance*>(std::make_unique<InstanceOf<Class>>(copy_sized(host), info).release());
      *table = &kInstanceTable;
      return 0;
    } catch (...) {
      return 1;
    }
  }

  static const belfry_plugin_entry* table() noexcept {
    static constexpr belfry_plugin_entry kEntry{
        sizeof(belfry_plugin_entry), BELFRY_PLUGIN_MAGIC, BELFRY_ABI_MAJOR, BELFRY_ABI_MINOR, 0, 0, count, descriptor, create};
    return &kEntry;
  }
};

}  // namespace detail
}  // namespace belfry::sdk
