#include "cli/status_text.hpp"

#include <algorithm>

#include "cli/document.hpp"
#include "cli/suggested_commands.hpp"
#include "cli/table.hpp"
#include "cli/text_layout.hpp"

namespace belfry::cli {

using nlohmann::json;

namespace {

constexpr const char* kRestart = "systemctl restart belfry";

// Lines below the table.
class NoteList {
 public:
  NoteList(const OutputStyle& style, const std::filesystem::path& config) : width_(paragraph_width(style.width)), config_(config) {}
  void add(const std::string& note, std::size_t indent = 0) {
    text_ += std::string(indent, ' ') + wrapped(visible(with_config(note, config_)), width_ > indent ? width_ - indent : 0, indent) + "\n";
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::size_t width_;
  const std::filesystem::path& config_;
  std::string text_;
};

// One sink of the document.
class SinkText {
 public:
  explicit SinkText(const json& sink) : sink_(sink), name_(text_of(sink, "name")), state_(text_of(sink, "state")) {}

  void add_row(Table& table) const {
    std::vector<Cell> row{{visible(name_)}, {visible(text_of(sink_, "plugin"))}, {visible(state_), colour()}};
    for (const auto* key : {"waiting", "in_flight", "backoff", "held", "dead_letters"})
      row.push_back({std::to_string(count_of(sink_, key))});
    row.push_back({time_of(sink_, "oldest")});
    table.add(std::move(row));
  }
  void add_notes(NoteList& notes) const {
    if (state_ != "open") notes.add(name_ + " " + state_note());
    add_work(notes);
    if (const auto dead = count_of(sink_, "dead_letters"); dead > 0) {
      notes.add(name_ + " has " + std::to_string(dead) + (dead == 1 ? " dead letter" : " dead letters") +
                "; to see why, run: belfry deliveries list --state dead --sink " + name_);
    }
  }

 private:
  [[nodiscard]] bool runs() const { return state_ == "open" || state_ == "unreachable"; }
  [[nodiscard]] std::uint64_t due() const { return count_of(sink_, "waiting") + count_of(sink_, "backoff"); }

  [[nodiscard]] Colour colour() const {
    if (state_ == "open") return flag_of(sink_, "stalled") ? Colour::red : Colour::green;
    return state_ == "unreachable" || state_ == "paused" ? Colour::yellow : Colour::red;
  }

  [[nodiscard]] std::string state_note() const {
    auto what = "is " + state_ + " (" + text_of(sink_, "reason") + "): " + text_of(sink_, "detail");
    if (state_ == "unreachable") {
      what += "; " + std::to_string(count_of(sink_, "failed_attempts")) + " attempts in a row have failed since " +
              time_of(sink_, "since") + "; waiting deliveries are retried automatically";
    }
    if (const auto until = time_of(sink_, "until"); !until.empty()) what += "; next try at " + until;
    const auto release = text_of(sink_, "release");
    if (!release.empty()) return what + "; to try now, run: " + release;
    if (state_ == "hung") return what + "; to end it, run: " + kRestart;
    if (state_ == "parked" || state_ == "crashed") return what + "; fix that, then run: belfry reload";
    if (state_ == "orphaned") return what + "; then run: belfry reload";
    return what;
  }

  // When waiting deliveries go out, or why they do not.
  void add_work(NoteList& notes) const {
    const auto due = this->due();
    if (due > 0 && !runs()) notes.add(name_ + " sends nothing until then; deliveries due: " + std::to_string(due));
    if (runs() && flag_of(sink_, "stalled")) {
      notes.add(name_ +
                " is stalled: deliveries are due, but none has been attempted for a minute; for the cause, run: belfry doctor; to "
                "start again, run: " +
                kRestart);
    }
    if (const auto estimate = sink_.find("drain_estimate_seconds"); estimate != sink_.end() && estimate->is_number()) {
      notes.add(name_ + " needs at least " + std::to_string(estimate->get<long long>()) + " s for the " + std::to_string(due) +
                " that are due or in back-off, at the rate of the sink; lookups, back-off and per-recipient rates come on top");
    }
    if (const auto held = count_of(sink_, "held"); held > 0) {
      const auto next_due = time_of(sink_, "next_due");
      const bool nothing_else = due + count_of(sink_, "in_flight") == 0;
      notes.add(name_ + " holds back " + std::to_string(held) + " (quiet hours, a digest, or a recipient rate-limited by the remote)" +
                (nothing_else && !next_due.empty() ? "; the first is due at " + next_due : ""));
    }
  }

  const json& sink_;
  std::string name_;
  std::string state_;
};

void add_gateway_notes(const json& document, NoteList& notes) {
  if (const auto unrouted = count_of(document, "unrouted"); unrouted > 0) {
    notes.add(std::to_string(unrouted) + (unrouted == 1 ? " notification" : " notifications") +
              " matched no route; add a default route to pipeline.routes, then run: belfry reload");
  }
  for (const auto& reason : part_of(document, "reasons"))
    if (reason.is_string()) notes.add("not ready: " + reason.get<std::string>() + "; for what to do, run: belfry doctor");
  for (const auto& notice : part_of(document, "notices"))
    if (notice.is_string()) notes.add(notice.get<std::string>());
  const auto& reload = part_of(document, "last_reload");
  if (!reload.is_object() || flag_of(reload, "success")) return;
  notes.add("the configuration read at " + time_of(reload, "at") +
            " was refused, the previous one is still in use; fix these errors, then run: belfry reload");
  for (const auto& error : part_of(reload, "errors"))
    if (error.is_string()) notes.add(error.get<std::string>(), 2);
}

}  // namespace

std::string status_text(const json& document, const OutputStyle& style, const std::filesystem::path& config) {
  const bool ready = flag_of(document, "ready");
  auto out = "belfry " + visible(text_of(document, "version")) + ", " +
             coloured(ready ? "ready" : "not ready", ready ? Colour::green : Colour::red, style) + ", running since " +
             visible(time_of(document, "started_at")) + "\n\n";
  Table table({{.title = "SINK", .min_width = 8},
               {.title = "PLUGIN", .min_width = 6},
               {.title = "STATE"},
               {.title = "WAITING", .right = true},
               {.title = "IN FLIGHT", .right = true},
               {.title = "BACKOFF", .right = true},
               {.title = "HELD", .right = true},
               {.title = "DEAD", .right = true},
               {.title = "OLDEST", .min_width = 16}});
  NoteList notes(style, config);
  for (const auto& sink : part_of(document, "sinks")) {
    const SinkText text(sink);
    text.add_row(table);
    text.add_notes(notes);
  }
  add_gateway_notes(document, notes);
  out += table.text(style);
  if (!notes.text().empty()) out += "\n" + notes.text();
  return out;
}

}  // namespace belfry::cli
