// check-online/1: the checks of an instance that was opened for one.
#include "plugin/contract/abi.hpp"
#include "plugin/contract/finding.hpp"
#include "plugin/contract/text.hpp"
#include "plugin/run/plugin_instance.hpp"

namespace belfry::plugin {

void PluginInstance::check_online(base::Millis timeout, FindingsHandler handler) {
  const auto check = std::make_shared<OnlineCheck>(std::move(handler));
  const auto deadline = parts_.clock.steady() + timeout;
  HostCall host_call{.kind = HostCall::Kind::check, .deadline = deadline, .check = check};
  const Ticket ticket = tickets_.open_host_call(host_call);
  if (ticket == 0) return end_by_host(host_call, HostEnd::closed);
  start_deadline(ticket, timeout);
  caller_.post([self = shared_from_this(), ticket, deadline] { self->dispatch_check(ticket, deadline); });
}

void PluginInstance::dispatch_check(Ticket ticket, base::SteadyTime deadline) {
  if (stop_.called()) return end_call(ticket, HostEnd::stopped);
  if (!tickets_.mark_dispatched(ticket) || !go_live()) return;
  const auto check = [&] { extensions_.check_online.check(plugin_self_, ticket, to_monotonic_ms(deadline)); };
  if (!caller_.call("check", parts_.limits.hung, check)) end_call(ticket, HostEnd::threw);
}

bool PluginInstance::add_finding(Ticket ticket, const belfry_finding* finding) {
  auto decoded = decode_finding(finding, *parts_.scrubber);
  if (!decoded.defect.empty()) log_.violation("bad_argument", decoded.defect);
  if (!decoded.finding) return false;
  const auto check = tickets_.check_of(ticket);
  const auto added = check ? check->add(std::move(*decoded.finding)) : OnlineCheck::Added::over;
  if (added == OnlineCheck::Added::over) log_.violation("bad_ticket", "a finding was added to a check that is not in progress");
  if (added == OnlineCheck::Added::full) log_.violation("bad_argument", "a check has more than 100 findings; the rest is dropped");
  return added == OnlineCheck::Added::yes;
}

void PluginInstance::end_check(Ticket ticket, std::string_view unfinished) {
  if (unfinished.size() > BELFRY_MAX_FINDING_TEXT_BYTES)
    log_.violation("bad_argument", "the sentence that ends a check is over 1,000 bytes");
  auto finished = tickets_.finish(ticket, HostCall::Kind::check);
  if (finished.completion != Tickets::Completion::accepted) return count_refused(finished);
  std::string text = clean_text(parts_.scrubber->scrub(std::string(unfinished)), BELFRY_MAX_FINDING_TEXT_BYTES);
  settle(std::move(finished), [why = std::move(text)](HostCall& ended) { ended.check->end(why); });
}

}  // namespace belfry::plugin
