#include "plugin/run/inbound_calls.hpp"

#include "plugin/contract/abi.hpp"
#include "plugin/contract/message_view.hpp"
#include "plugin/contract/text.hpp"
#include "plugin/run/plugin_instance.hpp"

namespace belfry::plugin {

void InboundCalls::set(const belfry_sink_inbound_http& table, std::vector<InboundRoute> routes) {
  table_ = table;
  routes_ = std::move(routes);
}

void InboundCalls::handle(net::ServerRequest request, net::Reply reply) {
  if (instance_.health() != Health::running) return reply(plain_response(503));
  const auto timeout = instance_.parts().limits.inbound;
  const auto deadline = instance_.parts().clock.steady() + timeout;
  HostCall host_call{.kind = HostCall::Kind::inbound, .deadline = deadline, .on_reply = std::move(reply)};
  const Ticket ticket = instance_.tickets().open_host_call(host_call);
  if (ticket == 0) return end_by_host(host_call, HostEnd::closed);
  instance_.start_deadline(ticket, timeout);
  instance_.caller().post(
      [this, self = instance_.shared_from_this(), ticket, deadline, got = std::move(request)] { dispatch(ticket, deadline, got); });
}

void InboundCalls::dispatch(Ticket ticket, base::SteadyTime deadline, const net::ServerRequest& request) {
  if (instance_.stop_called()) return instance_.end_call(ticket, HostEnd::stopped);
  if (!instance_.tickets().mark_dispatched(ticket)) return;
  auto& caller = instance_.caller();
  const auto limit = instance_.parts().limits.hung;
  void* const self = instance_.plugin_self();
  const InboundView inbound(request, deadline);
  std::uint32_t status = 0;
  bool returned = caller.call("verify", limit, [&] { status = table_.verify(self, inbound.table()); });
  if (returned && status != 0) {
    const int refusal = status >= 400 && status <= 599 ? static_cast<int>(status) : 401;
    auto finished = instance_.tickets().finish(ticket, HostCall::Kind::inbound);
    if (finished.completion != Tickets::Completion::accepted) return;
    return instance_.settle(std::move(finished), [refusal](HostCall& ended) { ended.on_reply(plain_response(refusal)); });
  }
  if (returned) returned = caller.call("handle", limit, [&] { table_.handle(self, ticket, inbound.table()); });
  if (!returned) instance_.end_call(ticket, HostEnd::threw);
}

void InboundCalls::reply(Ticket ticket, const belfry_inbound_reply* reply) {
  constexpr std::size_t kMaxContentType = 200;
  auto finished = instance_.tickets().finish(ticket, HostCall::Kind::inbound);
  if (finished.completion != Tickets::Completion::accepted) return instance_.count_refused(finished);
  const belfry_inbound_reply table = reply == nullptr ? belfry_inbound_reply{} : copy_of(reply);
  auto response = plain_response(500);
  if (table.status < 200 || table.status > 599) {
    instance_.log().violation("bad_argument", "a reply has the status " + std::to_string(table.status) + ", wanted 200 to 599");
  } else {
    response.status = static_cast<int>(table.status);
    if (table.content_type.len != 0) response.headers.add("Content-Type", clean_text(view(table.content_type), kMaxContentType));
    response.body = view(table.body);
  }
  instance_.settle(std::move(finished), [answer = std::move(response)](HostCall& ended) mutable { ended.on_reply(std::move(answer)); });
}

}  // namespace belfry::plugin
