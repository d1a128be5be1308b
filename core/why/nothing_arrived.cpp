#include <algorithm>
#include <ranges>

#include "why/explanation.hpp"
#include "why/quoting.hpp"
#include "why/time_writer.hpp"

namespace belfry::why {
namespace {

constexpr std::size_t kMaxSources = 10;

void add_sources(Paragraph& out, const std::vector<store::SourceHeard>& heard, TimeWriter& times) {
  for (const auto& source : heard | std::views::take(kMaxSources)) {
    out.add(quoted(source.source, kMaxName) + " was last heard from " + times.at(source.at) +
            (source.msg_id.empty() ? "" : " (msg_id " + quoted(source.msg_id, kMaxName) + ")"));
  }
  if (heard.size() > kMaxSources) out.add(std::to_string(heard.size() - kMaxSources) + " more sources are not listed here");
}

}  // namespace

std::string nothing_arrived(const std::string& email, base::Timestamp since, const std::vector<store::SourceHeard>& heard,
                            const Context& context) {
  TimeWriter times(context.zone, context.wall_offset);
  Paragraph out;
  const auto person = quoted(email, kMaxName);
  out.add("Nothing for " + person + " has arrived since " + times.moment(since));
  add_sources(out, heard, times);
  const bool works = std::ranges::any_of(heard, [&](const auto& source) { return source.at >= since; });
  if (works) {
    out.add("So the webhook works: check in Coder that " + person +
            " is the address of that account, and which kinds of notification are turned on, for the deployment and in the account's "
            "notification settings");
    return out.text();
  }
  out.add(heard.empty() ? "No source has ever been heard from" : "No source has been heard from since then");
  out.add(
      "Check `CODER_NOTIFICATIONS_METHOD` and `CODER_NOTIFICATIONS_WEBHOOK_ENDPOINT` in Coder, and that Coder can reach this gateway; "
      "`belfry status` lists requests that were refused");
  return out.text();
}

}  // namespace belfry::why
