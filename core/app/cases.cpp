#include "app/cases.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "config/pattern.hpp"

namespace belfry::app {
namespace {

using config::Problem;

bool fits(const ExpectedText& wanted, const std::string& text) {
  return wanted.pattern ? config::finds(wanted.text, text) : wanted.text == text;
}

std::string shown(const ExpectedText& wanted) { return wanted.pattern ? "/" + wanted.text + "/" : "\"" + wanted.text + "\""; }

std::string plainly(const ExpectedText& wanted) { return wanted.pattern ? shown(wanted) : wanted.text; }

std::string span(base::Millis time) { return base::to_string(std::chrono::floor<std::chrono::seconds>(time)); }

std::string list_of(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const auto& name : names) out += (&name == &names.front() ? "" : ", ") + name;
  return out + "]";
}

// One run of one case: what it finds wrong is kept with its place.
class Checker {
 public:
  Checker(const Case& wanted, const DryRun& configuration) : wanted_(wanted), configuration_(configuration) {}

  std::vector<Problem> run() {
    const auto now = wanted_.time.value_or(base::SystemClock().now());
    auto notification = read(now);
    if (!notification) {
      wrong(wanted_.at, notification.error().message);
      return std::move(problems_);
    }
    const auto acceptance = configuration_.planner().plan(std::move(*notification), now);
    if (wanted_.dropped) {
      check_dropped(acceptance);
    } else if (acceptance.dropped) {
      wrong(wanted_.at, "it is dropped (" + reason(acceptance) + "); expected deliveries");
    } else {
      check_deliveries(acceptance, now);
    }
    return std::move(problems_);
  }

 private:
  base::Result<model::Notification> read(base::Timestamp now) const {
    if (!wanted_.notification) return configuration_.read(wanted_.payload, wanted_.source, now);
    auto out = *wanted_.notification;
    out.id = out.msg_id = base::new_id(now);
    out.received_at = now;
    const auto& sources = configuration_.settings().sources;
    if (out.source.empty()) out.source = !wanted_.source.empty() ? wanted_.source : sources.empty() ? "coder" : sources.front().name;
    return out;
  }

  static std::string reason(const store::Acceptance& acceptance) {
    const auto found = std::ranges::find(acceptance.decisions, "dropped", &model::Decision::what);
    if (found == acceptance.decisions.end()) return {};
    return found->detail.substr(found->detail.find(": ") + 2);
  }

  void check_dropped(const store::Acceptance& acceptance) {
    if (!acceptance.dropped) return wrong(wanted_.at, "it is not dropped; expected " + shown(*wanted_.dropped));
    if (const auto given = reason(acceptance); !fits(*wanted_.dropped, given))
      wrong(wanted_.at, "it is dropped with \"" + given + "\"; expected " + shown(*wanted_.dropped));
  }

  void check_deliveries(const store::Acceptance& acceptance, base::Timestamp now) {
    const auto& wanted = *wanted_.deliveries;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (i >= acceptance.deliveries.size()) {
        wrong(wanted[i].at, "there is no such delivery; expected one by sink " + wanted[i].sink);
      } else {
        check(wanted[i], acceptance.deliveries[i], acceptance.notification, now);
      }
    }
    for (auto i = wanted.size(); i < acceptance.deliveries.size(); ++i) {
      const auto& d = acceptance.deliveries[i].delivery;
      wrong(wanted_.at, "it also goes to " + (d.destination.address.empty() ? "nobody" : d.destination.address) + " by sink " + d.sink +
                            ", route " + d.route + "; that was not expected");
    }
  }

  void check(const ExpectedDelivery& wanted, const store::PlannedDelivery& planned, const model::Notification& notification,
             base::Timestamp now) {
    const auto& d = planned.delivery;
    const auto compare = [&](const char* what, const std::string& given, const std::string& expected) {
      if (given != expected) wrong(wanted.at, std::string(what) + " is " + given + "; expected " + expected);
    };
    compare("the sink", d.sink, wanted.sink);
    const auto look = [&](const char* what, const std::string& given, const std::optional<ExpectedText>& expected) {
      if (expected && !fits(*expected, given)) wrong(wanted.at, std::string(what) + " is " + given + "; expected " + plainly(*expected));
    };
    look("the address", d.destination.address, wanted.to);
    look("the route", d.route, wanted.route);
    if (wanted.fallback) compare("the fallback", list_of(d.fallback), list_of(*wanted.fallback));
    if (wanted.due_in) compare("the time it waits", span(d.due_at - now), base::to_string(*wanted.due_in));
    if (wanted.digest_in) {
      compare("the time to its digest", planned.digest ? span(planned.digest->due_at - now) : "none: it is in no digest",
              base::to_string(*wanted.digest_in));
    }
    if (!wanted.title && !wanted.body) return;
    model::Message message{d, {notification}};
    configuration_.planner().write(message);
    const auto& item = message.items.front();
    if (wanted.title && !fits(*wanted.title, item.title))
      wrong(wanted.at, "the title is \"" + item.title + "\"; expected " + shown(*wanted.title));
    const auto& body = item.body_markdown.empty() ? item.body : item.body_markdown;
    if (wanted.body && !fits(*wanted.body, body)) wrong(wanted.at, "the body is \"" + body + "\"; expected " + shown(*wanted.body));
  }

  void wrong(const config::Position& at, const std::string& text) {
    problems_.push_back({Problem::Severity::error, at.file, at.line, at.column, "case \"" + wanted_.name + "\": " + text});
  }

  const Case& wanted_;
  const DryRun& configuration_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> run_case(const Case& wanted, const DryRun& configuration) { return Checker(wanted, configuration).run(); }

}  // namespace belfry::app
