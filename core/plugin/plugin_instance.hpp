// The Instance that calls a loaded plugin. Private to core/plugin: the public face is instance.hpp.
// Two strands: `strand_` on the plugin's threads is where the plugin is called and may be held by it; `desk_` on the net pool keeps the
// deadlines and the watch and is where outcomes are handed on, so that a plugin that does not return stops neither.
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
#include "plugin/backends.hpp"
#include "plugin/call_strand.hpp"
#include "plugin/checked_sink.hpp"
#include "plugin/crash_marks.hpp"
#include "plugin/flood_gate.hpp"
#include "plugin/instance.hpp"
#include "plugin/limits.hpp"
#include "plugin/offload_pool.hpp"
#include "plugin/plugin_threads.hpp"
#include "plugin/rate_limiter.hpp"
#include "plugin/tickets.hpp"
#include "plugin/websockets.hpp"

namespace belfry::plugin {

// What an instance borrows from the host; all of it outlives the instance.
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

  // Loads, creates, configures and starts. Blocks; each step has the control limit.
  [[nodiscard]] base::Result<void> open();
  // The same but for the last step.
  [[nodiscard]] base::Result<void> open_to_check();

  void deliver(Send send, OutcomeHandler handler) override;
  [[nodiscard]] bool can_reconcile() const override { return reconcile_.reconcile != nullptr; }
  void reconcile(Send send, OutcomeHandler handler) override;
  [[nodiscard]] std::size_t most_in_flight() const override;
  void end_pauses() override;
  void on_late(LateHandler handler) override;
  void on_health(std::function<void(Health)> handler) override;
  void stop(base::Millis most, std::move_only_function<void()> done) override;

  [[nodiscard]] const std::string& sink() const override { return sink_.name; }
  [[nodiscard]] Health health() const override { return health_; }
  [[nodiscard]] const std::vector<InboundRoute>& inbound_routes() const override { return routes_; }
  void handle_inbound(net::ServerRequest request, net::Reply reply) override;
  [[nodiscard]] bool can_render() const override { return render_.render != nullptr; }
  [[nodiscard]] base::Result<nlohmann::json> render(Send send) override;
  [[nodiscard]] bool can_check_online() const override { return check_online_.check != nullptr; }
  void check_online(base::Millis most, FindingsHandler handler) override;

  // ---- For the services; any thread. -------------------------------------------------------------------------------------
  [[nodiscard]] const InstanceParts& parts() const { return parts_; }
  [[nodiscard]] const CheckedSink& checked() const { return sink_; }
  [[nodiscard]] Tickets& tickets() { return tickets_; }
  [[nodiscard]] WebSockets& websockets() { return websockets_; }
  // A ticket for work made for `owner`, or one for which nothing is to be done (`dead` or ticket 0); a bad owner is counted.
  [[nodiscard]] Tickets::Request open_request(Ticket owner);
  void set_cancel(Ticket ticket, Cancel cancel);
  void cancel_request(Ticket ticket);
  // Queues the event, if the request is still open when its turn comes. `payload` is what the kind of event says, or null.
  void answer(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload);
  // Likewise, and the request stays open. `told` runs when the plugin has had it, or is not to have it any more.
  void tell(Ticket ticket, std::uint32_t kind, std::shared_ptr<const void> payload, net::Task told);
  void start_timer(Ticket ticket, base::Millis after);
  void run_offload(Ticket ticket, void (*run)(void*), void* arg);
  // The work of `owner`, which begins with it; never called when `owner` ends before.
  void run_offload_for(Ticket ticket, Ticket owner, void (*run)(void*, std::int64_t), void* arg);
  void offload_begins() { ++offloads_; }
  void offload_ended();
  void complete(Ticket ticket, const belfry_outcome* outcome);
  void reply(Ticket ticket, const belfry_inbound_reply* reply);
  void add_finding(Ticket ticket, const belfry_finding* finding);
  void violation(std::string_view kind, std::string_view what);
  void log_line(std::uint32_t level, std::string_view line);
  // One of the host's own about this sink.
  [[nodiscard]] const base::Logger& log() const { return log_; }
  // The present value of a secret; none when the reference is unknown.
  [[nodiscard]] std::optional<base::Secret> reveal(std::string_view reference);
  // False when the name may not be used for this kind.
  [[nodiscard]] bool admit_metric(std::string_view name, bool counter);

 private:
  // strand_: calls into the plugin, for a delivery or for none. The name is a literal. False when it threw.
  bool call(std::string_view name, base::Millis limit, const std::function<void()>& function, const CallSubject& subject = {});
  void judge_pace(std::string_view name, base::Millis took);
  void give(Ticket ticket, Duty::Kind kind, base::SteadyTime begin_by, const Send& send);
  void give_inbound(Ticket ticket, const net::ServerRequest& request);
  void give_check(Ticket ticket);
  void give_stop(Ticket ticket);
  void tell_abandoned(Ticket ticket);
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
  void ask(Duty::Kind kind, Send send, OutcomeHandler handler);
  void settle(Ticket ticket, model::Outcome outcome);
  void settle_threw(Ticket ticket);
  void count_refused(const Tickets::Finished& finished);
  void hand_on(Ticket ticket, Tickets::Finished finished, SendOutcome outcome, net::ServerResponse response);
  void work_begins(Ticket ticket, base::Millis timeout);
  void run_piece(Ticket owner, void (*run)(void*, std::int64_t), void* arg);
  template <class Work>
  void offloaded(Ticket ticket, const CallSubject& subject, OffloadPool::Claim claim, Work work);
  // Ends the attempt: as a timeout, or as one that never began.
  void deadline_passed(Ticket ticket);
  // Ends what a plugin that is stopping has not ended: it may wait for a remote that does not answer, which is not its fault.
  void abandon_rest();
  void withdraw_not_begun(const std::string& delivery_id = {});

  // desk_.
  void arm_timer(Ticket ticket, base::Millis after, void (PluginInstance::*handler)(Ticket));
  void timer_fired(Ticket ticket);
  void call_hangs(std::string_view name);
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
  const net::Strand desk_;
  Tickets tickets_;
  WebSockets websockets_;
  CallWatch::Call watched_;
  FloodGate log_gate_;
  FloodGate violation_gate_;

  belfry_host host_{};
  bool created_ = false;            // strand_, like what follows; the tables do not change once open() is done
  void* self_of_plugin_ = nullptr;  // a plugin without state may leave it null
  belfry_instance plugin_{};
  belfry_inbound_http inbound_{};
  belfry_reconcile reconcile_{};
  belfry_render render_{};
  belfry_check_online check_online_{};
  belfry_in_flight in_flight_{};
  std::size_t most_in_flight_ = 0;  // 0: no limit
  std::vector<InboundRoute> routes_;

  std::atomic<Health> health_ = Health::running;
  std::atomic<int> offloads_ = 0;
  std::atomic<bool> cut_short_ = false;  // what was open when it had to stop: that it ends late is not its fault
  bool dying_ = false;                   // strand_, like what follows
  std::uint64_t slow_calls_ = 0;         // since the last line about them
  base::SteadyTime slow_line_at_{};      // no further line before
  base::SteadyTime last_slow_{};
  std::shared_ptr<PluginInstance> alive_;  // until destroy has been called

  std::mutex handlers_mutex_;
  LateHandler late_;
  std::function<void(Health)> health_changed_;

  std::mutex findings_mutex_;
  std::map<Ticket, std::vector<Problem>> findings_;  // of the checks that are under way

  std::mutex metrics_mutex_;
  std::map<std::string, bool, std::less<>> metric_names_;  // true: counter

  // desk_.
  std::map<Ticket, net::Timer> timers_;  // deadlines and the plugin's own
  bool call_hangs_ = false;
  std::map<Ticket, bool> offloaded_;  // owners whose piece runs; true: past its deadline
  std::vector<std::move_only_function<void()>> stop_handlers_;
  bool stopping_ = false;
  std::optional<net::Timer> stop_timer_;
  std::optional<net::Timer> rest_timer_;
  bool has_stopped_ = false;  // nothing is open any more
  bool gone_ = false;         // and it has been destroyed, or been left behind
};

}  // namespace belfry::plugin
