#include "cli/commands/deliveries/delivery_text.hpp"

#include <algorithm>

#include "base/times_in_text.hpp"
#include "cli/commands/deliveries/state_colour.hpp"
#include "cli/document.hpp"
#include "cli/local_time.hpp"
#include "cli/suggested_commands.hpp"
#include "cli/text_layout.hpp"

namespace belfry::cli {

using nlohmann::json;

namespace {

constexpr std::size_t kLabelWidth = 14;

// "  sent to       slack", with further lines below the value. Nothing for an empty value.
class FactList {
 public:
  explicit FactList(const OutputStyle& style) : width_(paragraph_width(style.width)) {}

  void add(const std::string& label, const std::string& value) {
    if (value.empty()) return;
    const auto indent = kLabelWidth + 2;
    const auto start = "  " + label + std::string(kLabelWidth - std::min(label.size(), kLabelWidth), ' ');
    text_ += start + wrapped(value, width_ > indent ? width_ - indent : 0, indent) + "\n";
  }
  // Untrusted text of several lines.
  void add_lines(const std::string& label, const std::string& value) {
    std::string lines;
    for (std::size_t from = 0; from < value.size();) {
      const auto end = std::min(value.find('\n', from), value.size());
      lines += (lines.empty() ? "" : "\n") + visible(value.substr(from, end - from));
      from = end + 1;
    }
    add(label, lines);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::size_t width_;
  std::string text_;
};

std::string heading(const std::string& text, const OutputStyle& style) { return coloured(text, Colour::bold, style) + "\n"; }

std::string labels_text(const json& labels) {
  std::string out;
  for (const auto& [name, value] : labels.items())
    out += (out.empty() ? "" : ", ") + name + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
  return visible(out);
}

std::string notification_text(const json& notification, const OutputStyle& style) {
  FactList facts(style);
  const auto fact = [&](const char* label, const char* key) { facts.add(label, visible(text_of(notification, key))); };
  const auto name = text_of(notification, "name");
  const auto to = text_of(notification, "to");
  facts.add("received", time_of(notification, "received_at") + " from " + visible(text_of(notification, "source")));
  fact("msg_id", "msg_id");
  fact("event", "event");
  facts.add("to", visible(name.empty() || to.empty() ? name + to : name + " <" + to + ">"));
  fact("severity", "severity");
  if (flag_of(notification, "erased")) {
    facts.add("text", "erased after it was delivered, because it was sensitive");
  } else if (flag_of(notification, "sensitive")) {
    facts.add("text", "not shown, because it is sensitive");
  } else {
    fact("title", "title");
    facts.add_lines("body", text_of(notification, "body"));
    facts.add("labels", labels_text(part_of(notification, "labels")));
  }
  return heading("Notification " + visible(text_of(notification, "id")), style) + facts.text();
}

// "rejected (no_such_user): Slack has no user with this address".
std::string outcome_text(const std::string& outcome, const std::string& reason, const std::string& detail) {
  auto out = outcome;
  if (!reason.empty()) out += out.empty() ? reason : " (" + reason + ")";
  return detail.empty() ? out : out + (out.empty() ? "" : ": ") + detail;
}

void add_attempts(FactList& facts, const json& attempts, const std::string& delivery, const std::filesystem::path& config) {
  for (const auto& attempt : attempts) {
    if (text_of(attempt, "delivery") != delivery) continue;
    const auto finished = text_of(attempt, "finished_at");
    const auto outcome = finished.empty()
                             ? "not finished"
                             : outcome_text(text_of(attempt, "outcome"), text_of(attempt, "reason"), text_of(attempt, "detail"));
    facts.add("attempt " + std::to_string(count_of(attempt, "number")), time_of(attempt, "started_at") + ": " +
                                                                            visible(with_config(outcome, config)) +
                                                                            (flag_of(attempt, "late") ? "; it arrived late" : ""));
  }
}

// The times in it become local. Other events have details from outside.
std::string detail_of(const json& decision) {
  const auto event = text_of(decision, "event");
  const auto detail = text_of(decision, "detail");
  if (event != "held" && event != "digested") return detail;
  return base::with_times(detail, [](base::Timestamp time) { return local_time(time); });
}

std::string decisions_text(const json& decisions, const OutputStyle& style, const std::filesystem::path& config) {
  if (decisions.empty()) return {};
  auto out = "\n" + heading("Decisions", style);
  for (const auto& decision : decisions) {
    const auto time = time_of(decision, "at") + "  ";
    const auto what = with_config(outcome_text(text_of(decision, "event"), {}, detail_of(decision)), config);
    const auto indent = time.size() + 2;
    const auto width = paragraph_width(style.width);
    out += "  " + time + wrapped(visible(what), width > indent ? width - indent : 0, indent) + "\n";
  }
  return out;
}

std::string delivery_text(const json& delivery, const json& attempts, const OutputStyle& style, const std::filesystem::path& config) {
  FactList facts(style);
  const auto fact = [&](const char* label, const char* key) { facts.add(label, visible(text_of(delivery, key))); };
  const auto state = text_of(delivery, "state");
  facts.add("state", coloured(visible(state), colour_of_state(state), style));
  facts.add("target", visible(target_text(delivery)));
  fact("route", "route");
  facts.add("created", time_of(delivery, "created_at"));
  if (text_of(delivery, "ended_at").empty()) {
    facts.add("due", time_of(delivery, "due_at"));
    facts.add("expires", time_of(delivery, "expires_at"));
  }
  facts.add("ended", time_of(delivery, "ended_at"));
  facts.add("last outcome", visible(with_config(outcome_text({}, text_of(delivery, "reason"), text_of(delivery, "detail")), config)));
  const auto& receipt = part_of(delivery, "receipt");
  if (!receipt.empty()) facts.add("receipt", visible(receipt.dump(-1, ' ', false, json::error_handler_t::replace)));
  if (flag_of(delivery, "digest")) facts.add("digest", "collects several notifications in one message");
  if (flag_of(delivery, "possible_duplicate")) facts.add("duplicate", "an earlier attempt may have arrived as well");
  const auto fallback_of = text_of(delivery, "fallback_of");
  if (!fallback_of.empty()) facts.add("fallback of", visible(fallback_of));
  add_attempts(facts, attempts, text_of(delivery, "id"), config);
  facts.add("next", visible(with_config(next_step_text(delivery), config)));
  return "\n" + heading("Delivery " + visible(text_of(delivery, "id")), style) + facts.text();
}

}  // namespace

std::string target_text(const json& delivery) {
  const auto address = text_of(part_of(delivery, "destination"), "address");
  const auto sink = text_of(delivery, "sink");
  return address.empty() ? sink : sink + ", " + address;
}

std::string next_step_text(const json& delivery) {
  const auto state = text_of(delivery, "state");
  const auto id = text_of(delivery, "id");
  const auto sink = text_of(delivery, "sink");
  const auto due = time_of(delivery, "due_at");
  if (state == "waiting") return "it is due; if it stays in this state, run: belfry status";
  if (state == "in_flight") return "it is being sent";
  if (state == "backoff") return "the next attempt is due at " + due + "; to try now, run: belfry sinks release " + sink;
  if (state == "held") return "it is held until " + due;
  if (state == "dead")
    return "to send it again, run: belfry deliveries retry " + id + "; to end it, run: belfry deliveries discard " + id + " --reason TEXT";
  if (state == "delivered") return "nothing; it has arrived";
  if (state == "discarded") return "nothing; an operator discarded it";
  return "nothing; a fallback took over";
}

std::string match_text(const json& match, const OutputStyle& style, const std::filesystem::path& config) {
  auto out = notification_text(part_of(match, "notification"), style);
  const auto explanation = text_of(match, "explanation");
  if (!explanation.empty()) out += "\n" + wrapped(visible(with_config(explanation, config)), paragraph_width(style.width)) + "\n";
  for (const auto& delivery : part_of(match, "deliveries")) out += delivery_text(delivery, part_of(match, "attempts"), style, config);
  return out + decisions_text(part_of(match, "decisions"), style, config);
}

}  // namespace belfry::cli
