// The Instance that calls a loaded plugin. Private to core/plugin: the public interface is contract/instance.hpp.
// Two strands: `strand_`, on the plugin threads, calls the plugin, which may block it; `host_strand_`, on the net pool, handles deadlines,
// reports of the watch and outcomes, so that a plugin that does not return blocks none of them.
#pragma once
#include <belfry/plugin.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "net/http_client.hpp"
#include "net/websocket_client.hpp"
#include "plugin/contract/backends.hpp"
#include "plugin/contract/extensions.hpp"
#include "plugin/contract/instance.hpp"
#include "plugin/inspect/checked_sink.hpp"
#include "plugin/run/call_strand.hpp"
#include "plugin/run/crash_marks.hpp"
#include "plugin/run/log_limiter.hpp"
#include "plugin/run/offload_pool.hpp"
#include "plugin/run/plugin_threads.hpp"
#include "plugin/run/rate_limiter.hpp"
#include "plugin/run/tickets.hpp"
#include "plugin/run/time_limits.hpp"
#include "plugin/run/websockets.hpp"

namespace belfry::plugin {

// The dependencies of an instance. All of them outlive it.
struct InstanceParts {
  net::Runtime& net;
  const base::Clock& clock;
  base::Logger log;
  std::shared_ptr<base::Scrubber> scrubber;
  KvBackend& kv;
  RecipientsBackend& recipients;
  MetricsBackend& metrics;
  std::shared_ptr<RateLimiter> budgets;
  std::shared_ptr<PluginThreads> threads;
  std::shared_ptr<OffloadPool> offloads;
  std::shared_ptr<net::HttpClient> http;
  std::shared_ptr<net::WebSocketClient> websockets;
  Limits limits;
  Ticket first_ticket = 1;
  std::stop_token stop = {};
  CrashMarks* marks = nullptr;  // null: calls are not marked
};

class PluginInstance final : public Instance, public std::enable_shared_from_this<PluginInstance> {
 public:
  PluginInstance(InstanceParts parts, CheckedSink sink);

  // Loads, creates, configures and starts the plugin. Blocks; each step has the control limit.
  [[nodiscard]] base::Result<void> open();
  // As open(), without the start.
  [[nodiscard]] base::Result<void> open_for_check();

  void deliver(SendRequest send, OutcomeHandler handler) override;
  [[nodiscard]] bool can_reconcile() const override { return extensions_.reconcile.reconcile != nullptr; }
  void reconcile(SendRequest send, OutcomeHandler handler) override;
  [[nodiscard]] std::size_t max_in_flight() const override;
  void end_pauses() override;
  void on_late(LateHandler handler) override;
  void on_health(std::function<void(Health)> handler) override;
  void stop(base::Millis timeout, std::move_only_function<void()> done) override;

  [[nodiscard]] const std::string& sink() const override { return sink_.name; }
  [[nodiscard]] Health health() const override { return health_; }
  [[nodiscard]] const std::vector<InboundRoute>& inbound_routes() const override { return routes_; }
  void handle_inbound(net::ServerRequest request, net::Reply reply) override;
  [[nodiscard]] bool can_render() const override { return extensions_.render.render != nullptr; }
  [[nodiscard]] base::Result<nlohmann::json> render(SendRequest send) override;
  [[nodiscard]] bool can_check_online() const override { return extensions_.check_online.check != nullptr; }
  void check_online(base::Millis timeout, FindingsHandler handler) override;

  // ---- For the services; any thread. -------------------------------------------------------------------------------------
  [[nodiscard]] const InstanceParts& parts() const { return parts_; }
  [[nodiscard]] const CheckedSink& checked() const { return sink_; }
  [[nodiscard]] Tickets& tickets() { return tickets_; }
  [[nodiscard]] WebSockets& websockets() { return websockets_; }
  // Opens a request for `owner`. There is nothing to do if it is `dead` or its ticket is 0. A bad owner is counted as a violation.
  [[nodiscard]] Tickets::Request open_request(Ticket owner);
  void set_cancel(Ticket ticket, Cancel cancel);
  void cancel_request(Ticket ticket);
  // Queues the event, which is dropped if the request has ended by then. `payload` points to the struct of the event kind, or is null.
  void complete_request(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload);
  // As complete_request(), but the request stays open. `on_delivered` runs when the plugin has received the event, or the event was
  // dropped.
  void post_event(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload, net::Task on_delivered);
  void start_timer(Ticket ticket, base::Millis after);
  void run_offload(Ticket ticket, void (*run)(void*), void* arg);
  // Runs the work of `owner`, whose time starts with it. Never called when `owner` ends before.
  void run_offload_for(Ticket ticket, Ticket owner, void (*run)(void*, std::int64_t), void* arg);
  void offload_begins() { ++offloads_; }
  void offload_ended();
  void complete(Ticket ticket, const belfry_outcome* outcome);
  void reply(Ticket ticket, const belfry_inbound_reply* reply);
  void add_finding(Ticket ticket, const belfry_finding* finding);
  void violation(std::string_view kind, std::string_view what);
  void log_line(std::uint32_t level, std::string_view line);
  // The logger for the host's own lines about this sink.
  [[nodiscard]] const base::Logger& log() const { return log_; }
  // The current value of a secret; none when the reference is unknown.
  [[nodiscard]] std::optional<base::Secret> reveal(std::string_view reference);
  // False when the name may not be used for this kind.
  [[nodiscard]] bool admit_metric(std::string_view name, bool counter);

 private:
  // On strand_.

  // Calls the plugin, on behalf of a delivery or of none. `name` is a literal. False when the plugin threw.
  bool call(std::string_view name, base::Millis limit, const std::function<void()>& function, const CallSubject& subject = {});
  void track_slow_calls(std::string_view name, base::Millis took);
  void dispatch(Ticket ticket, HostCall::Kind kind, base::SteadyTime begin_by, const SendRequest& send);
  void dispatch_inbound(Ticket ticket, const net::ServerRequest& request);
  void dispatch_check(Ticket ticket);
  void dispatch_stop(Ticket ticket);
  void notify_abandoned(Ticket ticket);
  void raise(Ticket ticket, std::uint32_t kind, const void* payload);
  void destroy_when_idle();

  // Steps of open(), on strand_.
  [[nodiscard]] base::Result<void> create();
  [[nodiscard]] base::Result<void> configure();
  [[nodiscard]] base::Result<void> fetch_extensions();
  [[nodiscard]] base::Result<void> start();
  // Runs a step on strand_ and waits for it, at most the control limit, or until the gateway stops.
  [[nodiscard]] base::Result<void> control(std::string_view name, std::function<base::Result<void>()> step);
  void discard();

  // Any thread.
  void submit(HostCall::Kind kind, SendRequest send, OutcomeHandler handler);
  void finish(Ticket ticket, model::Outcome outcome);
  void settle_threw(Ticket ticket);
  void count_refused(const Tickets::Finished& finished);
  void settle(Ticket ticket, Tickets::Finished finished, SendOutcome outcome, net::ServerResponse response);
  void start_deadline(Ticket ticket, base::Millis timeout);
  void run_job(Ticket owner, void (*run)(void*, std::int64_t), void* arg);
  template <class Work>
  void offloaded(Ticket ticket, const CallSubject& subject, OffloadPool::DeliverySlot slot, Work work);
  // Ends the attempt as a timeout, or as one that never began.
  void deadline_passed(Ticket ticket);
  // Ends the host calls that a stopping plugin has not ended. It may wait for a remote that does not answer, so this is no violation.
  void abandon_open();
  void withdraw_unstarted(const std::string& delivery_id = {});

  // host_strand_.
  void arm_timer(Ticket ticket, base::Millis after, void (PluginInstance::*handler)(Ticket));
  void timer_fired(Ticket ticket);
  void on_call_hung(std::string_view name);
  void work_overdue(Ticket owner);
  void work_returned(Ticket owner);
  void update_health();
  void set_health(Health health);
  void stopped(bool clean);
  void finish_stop();

  const InstanceParts parts_;
  const CheckedSink sink_;
  const MarkedInstance marked_;
  const base::Logger log_;
  const CallStrand strand_;
  const net::Strand host_strand_;
  Tickets tickets_;
  WebSockets websockets_;
  CallWatch::Call watched_;
  LogLimiter log_limiter_;
  LogLimiter violation_limiter_;

  belfry_host host_{};
  bool created_ = false;         // strand_, like the members below; the tables do not change after open()
  void* plugin_self_ = nullptr;  // a plugin without state may leave it null
  belfry_instance plugin_{};
  Extensions extensions_;
  std::size_t max_in_flight_ = 0;  // 0: no limit
  std::vector<InboundRoute> routes_;

  std::atomic<Health> health_ = Health::running;
  std::atomic<int> offloads_ = 0;
  std::atomic<bool> cut_short_ = false;  // open host calls were ended by stop(): completing them late is no violation
  bool dying_ = false;                   // strand_, like the members below
  std::uint64_t slow_calls_ = 0;         // since the last line about them
  base::SteadyTime slow_line_at_{};      // no further line before
  base::SteadyTime last_slow_{};
  std::shared_ptr<PluginInstance> alive_;  // until destroy has been called

  std::mutex handlers_mutex_;
  LateHandler late_;
  std::function<void(Health)> health_changed_;

  std::mutex findings_mutex_;
  std::map<Ticket, std::vector<Finding>> findings_;  // of the checks in progress

  std::mutex metrics_mutex_;
  std::map<std::string, bool, std::less<>> metric_names_;  // true: counter

  // host_strand_.
  std::map<Ticket, net::Timer> timers_;  // deadlines and the plugin's own
  bool call_hung_ = false;
  std::map<Ticket, bool> offloaded_;  // owners with a running job; true: past its deadline
  std::vector<std::move_only_function<void()>> stop_handlers_;
  bool stopping_ = false;
  std::optional<net::Timer> stop_timer_;
  std::optional<net::Timer> abandon_timer_;
  bool has_stopped_ = false;  // no host call is open any more
  bool gone_ = false;         // destroyed, or left behind
};

}  // namespace belfry::plugin
