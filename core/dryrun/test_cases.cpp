#include "dryrun/test_cases.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "config/pipeline/pattern.hpp"

namespace belfry::dryrun {
namespace {

using config::Diagnostic;

bool matches(const ExpectedText& wanted, const std::string& text) {
  return wanted.pattern ? config::pattern_matches(wanted.text, text) : wanted.text == text;
}

std::string quoted(const ExpectedText& wanted) { return wanted.pattern ? "/" + wanted.text + "/" : "\"" + wanted.text + "\""; }

std::string unquoted(const ExpectedText& wanted) { return wanted.pattern ? quoted(wanted) : wanted.text; }

std::string span(base::Millis time) { return base::to_string(std::chrono::floor<std::chrono::seconds>(time)); }

std::string list_of(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const auto& name : names) out += (&name == &names.front() ? "" : ", ") + name;
  return out + "]";
}

// Runs one test case and collects the failures with their locations.
class TestCaseRunner {
 public:
  TestCaseRunner(const TestCase& wanted, const DryRun& configuration) : wanted_(wanted), configuration_(configuration) {}

  std::vector<Diagnostic> run() {
    const auto now = wanted_.time.value_or(base::SystemClock().now());
    auto notification = read(now);
    if (!notification) {
      fail(wanted_.at, notification.error().message);
      return std::move(problems_);
    }
    const auto acceptance = configuration_.planner().plan(std::move(*notification), now);
    if (wanted_.dropped) {
      check_dropped(acceptance);
    } else if (acceptance.dropped) {
      fail(wanted_.at, "it is dropped (" + reason(acceptance) + "); expected deliveries");
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
    const auto found = std::ranges::find(acceptance.decisions, "dropped", &model::Decision::event);
    if (found == acceptance.decisions.end()) return {};
    return found->detail.substr(found->detail.find(": ") + 2);
  }

  void check_dropped(const store::Acceptance& acceptance) {
    if (!acceptance.dropped) return fail(wanted_.at, "it is not dropped; expected " + quoted(*wanted_.dropped));
    if (const auto actual = reason(acceptance); !matches(*wanted_.dropped, actual))
      fail(wanted_.at, "it is dropped with \"" + actual + "\"; expected " + quoted(*wanted_.dropped));
  }

  void check_deliveries(const store::Acceptance& acceptance, base::Timestamp now) {
    const auto& wanted = *wanted_.deliveries;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (i >= acceptance.deliveries.size()) {
        fail(wanted[i].at, "the delivery is missing; expected one by sink " + wanted[i].sink);
      } else {
        check(wanted[i], acceptance.deliveries[i], acceptance.notification, now);
      }
    }
    for (auto i = wanted.size(); i < acceptance.deliveries.size(); ++i) {
      const auto& d = acceptance.deliveries[i].delivery;
      fail(wanted_.at, "it also goes to " + (d.destination.address.empty() ? "nobody" : d.destination.address) + " by sink " + d.sink +
                           ", route " + d.route + "; that was not expected");
    }
  }

  void check(const ExpectedDelivery& wanted, const store::PlannedDelivery& planned, const model::Notification& notification,
             base::Timestamp now) {
    const auto& d = planned.delivery;
    const auto compare = [&](const char* what, const std::string& actual, const std::string& expected) {
      if (actual != expected) fail(wanted.at, std::string(what) + " is " + actual + "; expected " + expected);
    };
    compare("the sink", d.sink, wanted.sink);
    const auto compare_text = [&](const char* what, const std::string& actual, const std::optional<ExpectedText>& expected) {
      if (expected && !matches(*expected, actual))
        fail(wanted.at, std::string(what) + " is " + actual + "; expected " + unquoted(*expected));
    };
    compare_text("the address", d.destination.address, wanted.to);
    compare_text("the route", d.route, wanted.route);
    if (wanted.fallback) compare("the fallback", list_of(d.fallback), list_of(*wanted.fallback));
    if (wanted.due_in) compare("the delay", span(d.due_at - now), base::to_string(*wanted.due_in));
    if (wanted.digest_in) {
      compare("the time until its digest", planned.digest ? span(planned.digest->due_at - now) : "none, since it is in no digest",
              base::to_string(*wanted.digest_in));
    }
    if (!wanted.title && !wanted.body) return;
    model::Message message{d, {notification}};
    configuration_.planner().apply_template(message);
    const auto& item = message.items.front();
    if (wanted.title && !matches(*wanted.title, item.title))
      fail(wanted.at, "the title is \"" + item.title + "\"; expected " + quoted(*wanted.title));
    const auto& body = item.body_markdown.empty() ? item.body : item.body_markdown;
    if (wanted.body && !matches(*wanted.body, body)) fail(wanted.at, "the body is \"" + body + "\"; expected " + quoted(*wanted.body));
  }

  void fail(const config::Location& at, const std::string& text) {
    problems_.push_back({Diagnostic::Severity::error, at.file, at.line, at.column, "case \"" + wanted_.name + "\": " + text});
  }

  const TestCase& wanted_;
  const DryRun& configuration_;
  std::vector<Diagnostic> problems_;
};

}  // namespace

std::vector<Diagnostic> run_case(const TestCase& wanted, const DryRun& configuration) {
  return TestCaseRunner(wanted, configuration).run();
}

}  // namespace belfry::dryrun
