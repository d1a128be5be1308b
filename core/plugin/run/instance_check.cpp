// check-online/1: collects the findings of an instance that checks its remotes.
#include <algorithm>

#include "plugin/contract/abi.hpp"
#include "plugin/contract/text.hpp"
#include "plugin/run/plugin_instance.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMaxFindings = 100;
constexpr std::size_t kMaxTextLength = 1000;

Finding::Severity severity_of(std::uint32_t code) {
  if (code == BELFRY_FINDING_ERROR) return Finding::Severity::error;
  return code == BELFRY_FINDING_NOTE ? Finding::Severity::note : Finding::Severity::warning;
}

}  // namespace

void PluginInstance::check_online(base::Millis timeout, FindingsHandler handler) {
  // The ticket is assigned when the host call is opened, and the host call may end before this function returns.
  const auto number = std::make_shared<std::atomic<Ticket>>(0);
  HostCall host_call{.kind = HostCall::Kind::check, .deadline = parts_.clock.now() + timeout};
  host_call.settle = [self = shared_from_this(), number, done = std::move(handler)](const model::Outcome& outcome) mutable {
    std::vector<Finding> found;
    {
      const std::lock_guard lock(self->findings_mutex_);
      if (auto node = self->findings_.extract(*number)) found = std::move(node.mapped());
    }
    if (outcome.code != model::OutcomeCode::delivered)
      found.push_back({Finding::Severity::error, "", "the check did not complete: " + outcome.detail});
    done(std::move(found));
  };
  const Ticket ticket = tickets_.open_host_call(host_call);
  if (ticket == 0) {
    model::Outcome stopped;
    stopped.detail = "the sink has been stopped";
    return host_call.settle(stopped);
  }
  {
    const std::lock_guard lock(findings_mutex_);
    findings_.try_emplace(ticket);
  }
  *number = ticket;
  const auto self = shared_from_this();
  host_strand_.post([self, ticket, timeout] { self->arm_timer(ticket, timeout, &PluginInstance::deadline_passed); });
  strand_.post([self, ticket] { self->dispatch_check(ticket); });
}

void PluginInstance::dispatch_check(Ticket ticket) {
  if (!tickets_.mark_dispatched(ticket)) return;
  if (!call("check", parts_.limits.hung, [&] { extensions_.check_online.check(plugin_self_, ticket); })) settle_threw(ticket);
}

void PluginInstance::add_finding(Ticket ticket, const belfry_finding* finding) {
  if (finding == nullptr) return violation("bad_argument", "a finding is null");
  const belfry_finding table = copy_of(finding);
  const auto text_of = [&](belfry_str text) { return clean_text(parts_.scrubber->scrub(std::string(view(text))), kMaxTextLength); };
  std::string text = text_of(table.text);
  if (table.remedy.len != 0) text += "; " + text_of(table.remedy);
  const std::lock_guard lock(findings_mutex_);
  const auto found = findings_.find(ticket);
  if (found == findings_.end() || !tickets_.deadline_of(ticket))
    return violation("bad_ticket", "a finding was added to a check that is not in progress");
  if (found->second.size() >= kMaxFindings) return;
  found->second.push_back({severity_of(table.severity), clean_text(view(table.pointer), kMaxTextLength), std::move(text)});
}

}  // namespace belfry::plugin
