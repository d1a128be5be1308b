#include "plugin/run/host_call.hpp"

#include <utility>

namespace belfry::plugin {
namespace {

struct Explanation {
  const char* reason;
  const char* detail;
};

Explanation explanation_of(HostEnd why, bool begun) {
  switch (why) {
    case HostEnd::hung: return {"hung", "a call into the plugin has not returned"};
    case HostEnd::closed: return {"stopped", "the sink has been stopped"};
    case HostEnd::deadline:
      return begun ? Explanation{"timeout", "the plugin reported no outcome by the deadline"}
                   : Explanation{"busy", "the plugin was busy and did not begin processing the message in time"};
    case HostEnd::threw: return {"plugin_threw", "the plugin threw an exception"};
    case HostEnd::stopped:
      return begun ? Explanation{"stopped", "the sink was stopped before the plugin reported an outcome"}
                   : Explanation{"stopped", "the sink was stopped before the plugin began processing the message"};
  }
  return {"stopped", "the sink has been stopped"};
}

}  // namespace

void end_by_host(HostCall& host_call, HostEnd why) {
  const auto [reason, detail] = explanation_of(why, host_call.begun());
  const bool started = host_call.begun() || why == HostEnd::threw;
  switch (host_call.kind) {
    case HostCall::Kind::deliver: {
      SendOutcome outcome;
      outcome.reason = reason;
      outcome.detail = detail;
      outcome.maybe_delivered = started;
      outcome.not_started = !started;
      return host_call.on_outcome(std::move(outcome));
    }
    case HostCall::Kind::reconcile: return host_call.on_reconciled({.detail = detail, .not_started = !started});
    case HostCall::Kind::inbound: return host_call.on_reply(plain_response(why == HostEnd::threw ? 500 : 503));
    case HostCall::Kind::check: return host_call.check->end(detail);
    case HostCall::Kind::stop: return;
  }
}

net::ServerResponse plain_response(int status) { return {status, {}, {}, false}; }

}  // namespace belfry::plugin
