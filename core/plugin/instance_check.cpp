// check-online/1: what an instance finds when it asks its remotes.
#include <algorithm>

#include "plugin/abi.hpp"
#include "plugin/plugin_instance.hpp"
#include "plugin/text.hpp"

namespace belfry::plugin {
namespace {

constexpr std::size_t kMostFindings = 100;
constexpr std::size_t kLongestText = 1000;

Problem::Severity severity_of(std::uint32_t code) {
  if (code == BELFRY_FINDING_ERROR) return Problem::Severity::error;
  return code == BELFRY_FINDING_NOTE ? Problem::Severity::note : Problem::Severity::warning;
}

}  // namespace

void PluginInstance::check_online(base::Millis most, FindingsHandler handler) {
  // The number is known only when the duty is open, and the duty may end before this returns.
  const auto number = std::make_shared<std::atomic<Ticket>>(0);
  Duty duty{.kind = Duty::Kind::check, .deadline = parts_.clock.now() + most};
  duty.settle = [self = shared_from_this(), number, done = std::move(handler)](const model::Outcome& outcome) mutable {
    std::vector<Problem> found;
    {
      const std::lock_guard lock(self->findings_mutex_);
      if (auto node = self->findings_.extract(*number)) found = std::move(node.mapped());
    }
    if (outcome.code != model::OutcomeCode::delivered)
      found.push_back({Problem::Severity::error, "", "the check did not come to its end: " + outcome.detail});
    done(std::move(found));
  };
  const Ticket ticket = tickets_.open_duty(duty);
  if (ticket == 0) {
    model::Outcome stopped;
    stopped.detail = "the sink has been stopped";
    return duty.settle(stopped);
  }
  {
    const std::lock_guard lock(findings_mutex_);
    findings_.try_emplace(ticket);
  }
  *number = ticket;
  const auto self = shared_from_this();
  desk_.post([self, ticket, most] { self->arm_timer(ticket, most, &PluginInstance::deadline_passed); });
  strand_.post([self, ticket] { self->give_check(ticket); });
}

void PluginInstance::give_check(Ticket ticket) {
  if (!tickets_.give(ticket)) return;
  if (!call("check", parts_.limits.hung, [&] { check_online_.check(self_of_plugin_, ticket); })) settle_threw(ticket);
}

void PluginInstance::add_finding(Ticket ticket, const belfry_finding* given) {
  if (given == nullptr) return violation("bad_argument", "a finding is null");
  const belfry_finding finding = copy_of(given);
  const auto text_of = [&](belfry_str text) { return clean_text(parts_.scrubber->scrub(std::string(view(text))), kLongestText); };
  std::string text = text_of(finding.text);
  if (finding.remedy.len != 0) text += "; " + text_of(finding.remedy);
  const std::lock_guard lock(findings_mutex_);
  const auto found = findings_.find(ticket);
  if (found == findings_.end() || !tickets_.deadline_of(ticket))
    return violation("bad_ticket", "a finding is for a check that is not under way");
  if (found->second.size() >= kMostFindings) return;
  found->second.push_back({severity_of(finding.severity), clean_text(view(finding.pointer), kLongestText), std::move(text)});
}

}  // namespace belfry::plugin
