#include <algorithm>
#include <ostream>
#include <set>

#include "cli/commands/deliveries/bulk_job.hpp"
#include "cli/commands/deliveries/deliveries.hpp"
#include "cli/document.hpp"

namespace belfry::cli {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxIds = 1000;  // in one request
constexpr base::Millis kChangeTimeout{60'000};

// One run of `belfry deliveries retry` or `discard`.
class ChangeRun {
 public:
  ChangeRun(const AdminSession& session, Change change, const ChangeOptions& options)
      : session_(session),
        options_(options),
        verb_(change == Change::retry ? "retry" : "discard"),
        done_(change == Change::retry ? "queued again" : "discarded"),
        command_("deliveries " + verb_) {}

  [[nodiscard]] int run() const {
    if (const auto problem = usage_problem(); !problem.empty()) return report_usage(session_, command_, problem);
    return options_.dead ? change_dead() : change_ids();
  }

 private:
  [[nodiscard]] std::string usage_problem() const {
    if (options_.ids.empty() != options_.dead) return "pass either delivery ids or --dead, for all dead letters that match";
    if (!options_.dead && !options_.filter.empty()) return "--sink, --to, --name and --since select dead letters; add --dead";
    if (std::ranges::count(options_.ids, std::string()) > 0) return "an id is empty; belfry deliveries list shows the ids";
    if (verb_ == "discard" && options_.reason.empty() && !options_.dry_run)
      return "--reason TEXT is required; it is kept with each delivery";
    return since_problem(options_.filter.since).value_or("");
  }

  [[nodiscard]] std::string path() const { return "/api/v1/deliveries/" + verb_; }
  [[nodiscard]] json with_reason(json body) const {
    if (!options_.reason.empty()) body["reason"] = options_.reason;
    return body;
  }
  [[nodiscard]] base::Result<json> post(json body, bool dry_run) const {
    if (dry_run) body["dry_run"] = true;
    return session_.call({.path = path(), .method = "POST", .timeout = kChangeTimeout, .body = with_reason(std::move(body))});
  }

  // ---- by id ----

  [[nodiscard]] int change_ids() const {
    std::vector<std::string> ids;
    std::set<std::string> seen;
    for (const auto& id : options_.ids)
      if (seen.insert(id).second) ids.push_back(id);
    json total{{"changed", json::array()}, {"unchanged", json::array()}};
    std::uint64_t counted = 0;
    for (std::size_t from = 0; from < ids.size(); from += kMaxIds) {
      const auto end = std::min(from + kMaxIds, ids.size());
      json batch = json::array();
      for (auto at = from; at < end; ++at) batch.push_back(ids[at]);
      const auto answer = post({{"ids", std::move(batch)}}, options_.dry_run);
      if (!answer) {
        // Earlier batches have been changed.
        if (from > 0 && !options_.dry_run) print_changed(total);
        return report(session_, command_, answer.error());
      }
      for (const auto* key : {"changed", "unchanged"})
        for (const auto& one : part_of(*answer, key)) total.at(key).push_back(one);
      counted += count_of(*answer, "count");
    }
    if (options_.dry_run) return print_count({{"count", counted}, {"complete", true}});
    print_changed(total);
    return total.at("unchanged").empty() ? 0 : kExitFailed;
  }

  void print_changed(const json& total) const {
    if (session_.json) {
      session_.out << json_text(total);
      return;
    }
    session_.out << deliveries(total.at("changed").size()) << " " << done_ << "\n" << std::flush;
    for (const auto& one : total.at("unchanged"))
      session_.err << "belfry " << command_ << ": " << visible(text_of(one, "id") + " left unchanged: " + text_of(one, "why")) << "\n";
  }

  // ---- all dead letters ----

  [[nodiscard]] int change_dead() const {
    json filter{{"state", "dead"}};
    const auto add = [&](const char* key, const std::string& value) {
      if (!value.empty()) filter[key] = value;
    };
    add("sink", options_.filter.sink);
    add("to", options_.filter.to);
    add("event", options_.filter.event);
    add("since", options_.filter.since);
    const auto counted = post({{"filter", filter}}, true);
    if (!counted) return report(session_, command_, counted.error());
    const auto count = count_of(*counted, "count");
    if (options_.dry_run) return print_count(*counted);
    if (count > 0 && !confirmed(count)) return report(session_, command_, {base::ErrorCode::cancelled, "nothing was changed"});
    auto job = run_bulk_job(session_, path(), with_reason({{"filter", filter}}), count);
    if (!job) return report(session_, command_, job.error());
    print_job(*job);
    return count_of(*job, "unchanged") == 0 ? 0 : kExitFailed;
  }

  // Discarding cannot be undone.
  [[nodiscard]] bool confirmed(std::uint64_t count) const {
    if (verb_ != "discard" || options_.yes || session_.json || !session_.interactive) return true;
    const auto answer = session_.ask("Discard " + dead_letters(count) + "? They are not sent again. [y/N] ");
    return answer == "y" || answer == "Y" || answer == "yes";
  }

  void print_job(const json& job) const {
    if (session_.json) {
      session_.out << json_text(job);
      return;
    }
    session_.out << deliveries(count_of(job, "changed")) << " " << done_ << "\n" << std::flush;
    const auto& reasons = part_of(job, "reasons");
    for (const auto& [why, ignored] : reasons.items()) {
      session_.err << "belfry " << command_ << ": " << deliveries(count_of(reasons, why.c_str())) << " left unchanged: " << visible(why)
                   << "\n";
    }
  }

  // ---- wording ----

  // `counted`: the document of a dry run, which stops at a limit.
  [[nodiscard]] int print_count(const json& counted) const {
    if (session_.json) {
      session_.out << json_text(counted);
    } else {
      session_.out << (flag_of(counted, "complete") ? "" : "at least ") << deliveries(count_of(counted, "count")) << " would be " << done_
                   << "\n";
    }
    return 0;
  }
  [[nodiscard]] static std::string deliveries(std::uint64_t count) {
    return std::to_string(count) + (count == 1 ? " delivery" : " deliveries");
  }
  [[nodiscard]] static std::string dead_letters(std::uint64_t count) {
    return std::to_string(count) + (count == 1 ? " dead letter" : " dead letters");
  }

  const AdminSession& session_;
  const ChangeOptions& options_;
  std::string verb_;
  std::string done_;  // past participle
  std::string command_;
};

}  // namespace

int change_deliveries(const AdminSession& session, Change change, const ChangeOptions& options) {
  return ChangeRun(session, change, options).run();
}

}  // namespace belfry::cli
