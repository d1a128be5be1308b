// The Instance that calls a loaded plugin. Private to core/plugin: the public interface is contract/instance.hpp.
// Two strands: the caller's (SinkCaller), on the plugin threads, calls the plugin, which may block it; the host strand, on the net pool,
// handles deadlines, reports of the watch and results, so that a plugin that does not return blocks none of them.
#pragma once
#include <belfry/plugin.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plugin/contract/extensions.hpp"
#include "plugin/contract/instance.hpp"
#include "plugin/inspect/checked_sink.hpp"
#include "plugin/run/inbound_calls.hpp"
#include "plugin/run/instance_dependencies.hpp"
#include "plugin/run/metric_names.hpp"
#include "plugin/run/sink_caller.hpp"
#include "plugin/run/sink_log.hpp"
#include "plugin/run/sink_secrets.hpp"
#include "plugin/run/stop_sequence.hpp"
#include "plugin/run/tickets.hpp"
#include "plugin/run/websockets.hpp"

namespace belfry::plugin {

class PluginInstance final : public Instance, public std::enable_shared_from_this<PluginInstance> {
 public:
  PluginInstance(InstanceParts parts, CheckedSink sink);

  // Loads, creates, configures and starts the plugin. Blocks; each step has the control limit.
  [[nodiscard]] base::Result<void> open();
  // As open(), without the start.
  [[nodiscard]] base::Result<void> open_for_check();

  void deliver(SendRequest send, OutcomeHandler handler) override;
  [[nodiscard]] bool can_reconcile() const override { return extensions_.reconcile.reconcile != nullptr; }
  void reconcile(SendRequest send, ReconcileHandler handler) override;
  [[nodiscard]] std::size_t max_in_flight() const override;
  void end_pauses() override;
  void on_late(LateHandler handler) override;
  void on_health(std::function<void(Health)> handler) override;
  void stop(base::Millis timeout, std::move_only_function<void()> done) override { stop_.begin(timeout, std::move(done)); }

  [[nodiscard]] const std::string& sink() const override { return sink_.name; }
  [[nodiscard]] Health health() const override { return health_; }
  [[nodiscard]] const std::vector<InboundRoute>& inbound_routes() const override { return inbound_.routes(); }
  void handle_inbound(net::ServerRequest request, net::Reply reply) override { inbound_.handle(std::move(request), std::move(reply)); }
  [[nodiscard]] bool can_render() const override { return extensions_.render.render != nullptr; }
  [[nodiscard]] base::Result<nlohmann::json> render(SendRequest send) override;
  [[nodiscard]] bool can_check_online() const override { return extensions_.check_online.check != nullptr; }
  void check_online(base::Millis timeout, FindingsHandler handler) override;

  // ---- For the calls from the plugin; any thread. ------------------------------------------------------------------------
  [[nodiscard]] const InstanceParts& parts() const { return parts_; }
  [[nodiscard]] Tickets& tickets() { return tickets_; }
  [[nodiscard]] WebSockets& websockets() { return websockets_; }
  [[nodiscard]] MetricNames& metric_names() { return metric_names_; }
  [[nodiscard]] InboundCalls& inbound() { return inbound_; }
  [[nodiscard]] StopSequence& stopping() { return stop_; }
  [[nodiscard]] const SinkSecrets& secrets() const { return secrets_; }
  [[nodiscard]] SinkLog& log() { return log_; }
  // Whether the plugin may use the service now. A use before start() or check() is counted as a violation; one after the end is not.
  [[nodiscard]] bool admits(std::string_view service);
  // Opens a request for `owner`. There is nothing to do if it is `dead` or its ticket is 0. A bad owner is counted as a violation.
  [[nodiscard]] Tickets::Request open_request(Ticket owner, std::uint64_t user_data, bool keeps_event = false);
  void set_cancel(Ticket ticket, Cancel cancel);
  void cancel_request(Ticket ticket);
  // Queues the event, which is dropped if the request has ended by then. `payload` points to the struct of the event kind, or is null.
  void complete_request(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload);
  // As complete_request(), but the request stays open. `on_delivered` runs when the plugin has received the event, or the event was
  // dropped.
  void post_event(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload, net::Task on_delivered);
  void start_timer(Ticket ticket, base::Millis after);
  void run_offload(Ticket ticket, void (*function)(void*), void* arg);
  // Runs the work of `owner`, whose time starts with it. Never called when `owner` ends before.
  void run_offload_for(Ticket ticket, Ticket owner, void (*function)(void*, std::int64_t), void* arg);
  void offload_begins() { ++offloads_; }
  void offload_ended();
  // The functions that end host calls, and belfry_host.cancel.
  void complete(Ticket ticket, const belfry_outcome* outcome);
  void settle_reconcile(Ticket ticket, const belfry_reconcile_result* result);
  [[nodiscard]] bool add_finding(Ticket ticket, const belfry_finding* finding);
  void end_check(Ticket ticket, std::string_view unfinished);
  void cancel(Ticket ticket);

  // ---- For its members InboundCalls and StopSequence. --------------------------------------------------------------------
  [[nodiscard]] SinkCaller& caller() { return caller_; }
  [[nodiscard]] const net::Strand& host_strand() const { return host_strand_; }
  // Any thread.
  [[nodiscard]] bool is_live() const { return phase_ == Phase::live; }
  [[nodiscard]] bool has_offloads() const { return offloads_ != 0; }
  // Posted before the plugin is called, so that the host strand arms the deadline before it can end the host call.
  void start_deadline(Ticket ticket, base::Millis timeout);
  // Ends a host call with a result of the plugin, on the host strand.
  void settle(Tickets::Finished finished, std::move_only_function<void(HostCall&)> end);
  // Ends it with a result of the host, unless it has ended.
  void end_call(Ticket ticket, HostEnd why);
  // As end_call(), and notifies the plugin.
  void abandon(Ticket ticket, HostEnd why);
  void count_refused(const Tickets::Finished& finished);
  // From here on the calls of the plugin are refused, and it gets no more events. Ends all that is open.
  void close();
  // Only in a task of the caller.
  [[nodiscard]] const belfry_sink_api& api() const { return api_; }
  [[nodiscard]] void* plugin_self() const { return plugin_self_; }
  [[nodiscard]] bool stop_called() const { return stop_.called(); }
  void destroy();

 private:
  // The states of the contract, as far as the host's functions differ: services may be used while it is live.
  enum class Phase { before_start, live, stopped };

  // Only in a task of the caller.
  void dispatch(Ticket ticket, HostCall::Kind kind, base::SteadyTime begin_by, const SendRequest& send);
  void dispatch_check(Ticket ticket, base::SteadyTime deadline);
  void notify_abandoned(Ticket ticket);
  void raise(Ticket ticket, std::uint32_t kind, const void* payload);
  bool call_event(const belfry_event& event, const CallSubject& subject);
  // False when it is closed.
  [[nodiscard]] bool go_live();

  // Steps of open(), in tasks of the caller.
  [[nodiscard]] base::Result<void> create();
  [[nodiscard]] base::Result<void> configure();
  [[nodiscard]] base::Result<void> fetch_extensions();
  [[nodiscard]] base::Result<void> start();
  // Runs a step as a task of the caller and waits for it, at most the control limit, or until the gateway stops.
  [[nodiscard]] base::Result<void> control(std::string_view name, std::function<base::Result<void>()> step);
  void check_written(std::string_view step, bool complete);

  // Any thread.
  void submit(HostCall host_call, SendRequest send);
  void end_by_host_later(Tickets::Finished finished, HostEnd why);
  void report_late(Tickets::Finished finished, model::Outcome outcome);
  void run_job(Ticket owner, void (*function)(void*, std::int64_t), void* arg);
  template <class Work>
  void offloaded(Ticket ticket, const CallSubject& subject, OffloadPool::DeliverySlot slot, Work work);
  void withdraw_unstarted(const std::string& delivery_id = {});

  // On the host strand.
  void arm_timer(Ticket ticket, base::Millis after, void (PluginInstance::*handler)(Ticket));
  void timer_fired(Ticket ticket);
  void deadline_passed(Ticket ticket) { abandon(ticket, HostEnd::deadline); }
  void on_call_hung(std::string_view name);
  void on_call_returned();
  void work_overdue(Ticket owner);
  void work_returned(Ticket owner);
  void update_health();
  void set_health(Health health);

  const InstanceParts parts_;
  const CheckedSink sink_;
  SinkLog log_;
  const SinkSecrets secrets_;
  SinkCaller caller_;
  const net::Strand host_strand_;
  Tickets tickets_;
  WebSockets websockets_;
  MetricNames metric_names_;
  InboundCalls inbound_;
  StopSequence stop_;

  belfry_host host_{};
  bool created_ = false;         // the members up to max_in_flight_ are set by open() in tasks of the caller, and do not change after it
  void* plugin_self_ = nullptr;  // a plugin without state may leave it null
  belfry_sink_api api_{};
  Extensions extensions_;
  std::size_t max_in_flight_ = 0;  // 0: no limit

  std::atomic<Phase> phase_ = Phase::before_start;
  std::atomic<Health> health_ = Health::running;
  std::atomic<int> offloads_ = 0;

  std::mutex handlers_mutex_;
  LateHandler late_;
  std::function<void(Health)> health_changed_;

  // On the host strand.
  std::map<Ticket, net::Timer> timers_;  // deadlines and the plugin's own
  bool call_hung_ = false;
  std::map<Ticket, bool> offloaded_;  // owners with a running job; true: past its deadline
};

}  // namespace belfry::plugin
