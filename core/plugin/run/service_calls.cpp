// The services that work for host calls or end them: offload/1, inbound-http/1, reconcile/1, check-online/1.
#include "plugin/contract/abi.hpp"
#include "plugin/run/abi_entry.hpp"
#include "plugin/run/services.hpp"

namespace belfry::plugin {
namespace {

// ---- offload/1 ----------------------------------------------------------------------------------------------------------------

template <class Begin>
belfry_ticket offload(void* ctx, bool has_function, std::uint64_t user_data, Begin begin) noexcept {
  return served(ctx, BELFRY_HOST_OFFLOAD_1, belfry_ticket{0}, [&](PluginInstance& instance) -> belfry_ticket {
    if (!has_function) {
      instance.log().violation("bad_argument", "offload was called without a function");
      return 0;
    }
    // Counted before the ticket exists, since destroy must wait for the job from here on.
    instance.offload_begins();
    try {
      const auto request = instance.open_request(0, user_data, true);
      if (request.ticket != 0) begin(instance, request.ticket);
      if (request.ticket == 0) instance.offload_ended();
      return request.ticket;
    } catch (...) {
      instance.offload_ended();
      throw;
    }
  });
}

belfry_ticket run_offload(void* ctx, void (*function)(void*), void* arg, std::uint64_t user_data) noexcept {
  return offload(ctx, function != nullptr, user_data,
                 [&](PluginInstance& instance, Ticket ticket) { instance.run_offload(ticket, function, arg); });
}

belfry_ticket run_offload_for(void* ctx, belfry_ticket owner, void (*function)(void*, std::int64_t), void* arg,
                              std::uint64_t user_data) noexcept {
  return offload(ctx, function != nullptr, user_data, [&](PluginInstance& instance, Ticket ticket) {
    const auto kind = instance.tickets().kind_of(owner);
    const bool fits = kind ? *kind == HostCall::Kind::deliver || *kind == HostCall::Kind::reconcile : instance.tickets().issued(owner);
    if (!fits) instance.log().violation("bad_ticket", "work was offloaded for a ticket that is neither of deliver nor of reconcile");
    instance.run_offload_for(ticket, owner, function, arg);
  });
}

// ---- inbound-http/1, reconcile/1, check-online/1 --------------------------------------------------------------------------------

void reply_inbound(void* ctx, belfry_ticket ticket, const belfry_inbound_reply* answer) noexcept {
  served(ctx, BELFRY_HOST_INBOUND_HTTP_1, [&](PluginInstance& instance) { instance.inbound().reply(ticket, answer); });
}

void settle_reconcile(void* ctx, belfry_ticket ticket, const belfry_reconcile_result* result) noexcept {
  served(ctx, BELFRY_HOST_RECONCILE_1, [&](PluginInstance& instance) { instance.settle_reconcile(ticket, result); });
}

belfry_status add_finding(void* ctx, belfry_ticket ticket, const belfry_finding* finding) noexcept {
  return served(ctx, BELFRY_HOST_CHECK_ONLINE_1, belfry_status{BELFRY_FAILED}, [&](PluginInstance& instance) -> belfry_status {
    return instance.add_finding(ticket, finding) ? BELFRY_OK : BELFRY_FAILED;
  });
}

void end_check(void* ctx, belfry_ticket ticket, belfry_str unfinished) noexcept {
  served(ctx, BELFRY_HOST_CHECK_ONLINE_1, [&](PluginInstance& instance) { instance.end_check(ticket, view(unfinished)); });
}

}  // namespace

const belfry_host_offload kOffloadService{sizeof(belfry_host_offload), 0, run_offload, run_offload_for};
const belfry_host_inbound_http kInboundHttpService{sizeof(belfry_host_inbound_http), 0, reply_inbound};
const belfry_host_reconcile kReconcileService{sizeof(belfry_host_reconcile), 0, settle_reconcile};
const belfry_host_check_online kCheckOnlineService{sizeof(belfry_host_check_online), 0, add_finding, end_check};

}  // namespace belfry::plugin
