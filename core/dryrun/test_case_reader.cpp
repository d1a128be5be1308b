#include <algorithm>

#include "base/ids.hpp"
#include "config/document/read_text_file.hpp"
#include "config/document/scalar.hpp"
#include "config/document/value.hpp"
#include "config/pipeline/condition.hpp"
#include "config/pipeline/pattern.hpp"
#include "dryrun/test_cases.hpp"

namespace belfry::dryrun {
namespace {

using config::Section;
using config::Value;
using nlohmann::json;

constexpr config::SectionKeys kFileKeys{"", "cases", ""};
constexpr config::SectionKeys kCaseKeys{"cases[]", "name payload notification source at expect", ""};
constexpr config::SectionKeys kExpectKeys{"cases[].expect", "dropped deliveries", ""};
constexpr config::SectionKeys kDeliveryKeys{"cases[].expect.deliveries[]", "sink to route title body due_in digest_in fallback", ""};
constexpr config::Range<base::Millis> kSpan{base::Millis(0), std::chrono::days(30)};
constexpr std::string_view kLabels = "labels.";
constexpr std::string_view kData = "data.";

std::optional<ExpectedText> read_expected(const Value& written) {
  const auto text = written.expanded("a text, or a pattern such as /failed/");
  if (!text) return std::nullopt;
  if (!config::is_pattern(text->text)) return ExpectedText{text->text, false};
  auto pattern = config::read_pattern(written, *text);
  if (!pattern) return std::nullopt;
  return ExpectedText{*std::move(pattern), true};
}

// "data.owner.email": creates the objects along the path.
bool set_path(json& data, std::string_view path, json value) {
  auto* at = &data;
  for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    at = &(*at)[std::string(path.substr(0, dot))];
    if (!at->is_null() && !at->is_object()) return false;
    path.remove_prefix(dot + 1);
  }
  (*at)[std::string(path)] = std::move(value);
  return true;
}

void set_field(model::Notification& n, const std::string& path, const Value& written) {
  const auto text = written.expanded("a text, a number, true or false");
  if (!text) return;
  if (path.starts_with(kLabels)) {
    n.labels[path.substr(kLabels.size())] = text->text;
  } else if (path.starts_with(kData)) {
    const auto value = written.node().plain ? config::scalar_to_json(text->text) : base::Result<json>(json(text->text));
    if (!value) {
      written.error(value.error().message);
    } else if (!set_path(n.data, std::string_view(path).substr(kData.size()), *value)) {
      written.error("is inside a value that is not a mapping; use another name");
    }
  } else if (path == "sensitive") {
    if (const auto flag = written.boolean()) n.sensitive = *flag;
  } else if (path == "body") {
    n.body = n.body_markdown = text->text;
  } else {
    std::string* into = path == "name"                 ? &n.name
                        : path == "source"             ? &n.source
                        : path == "template_id"        ? &n.template_id
                        : path == "title"              ? &n.title
                        : path == "severity"           ? &n.severity
                        : path == "recipient.email"    ? &n.recipient.email
                        : path == "recipient.name"     ? &n.recipient.name
                        : path == "recipient.username" ? &n.recipient.username
                                                       : nullptr;
    if (into != nullptr) *into = text->text;
  }
}

std::optional<model::Notification> read_notification(const Value& written) {
  if (written.node().kind != config::yaml::Node::Kind::map || written.node().members.empty()) {
    written.expected("a mapping such as { name: Workspace Deleted, recipient.email: bobby@example.com }");
    return std::nullopt;
  }
  model::Notification out;
  for (const auto& member : written.node().members) {
    const Value value(written.context(), *member.value, written.path() + "." + member.key, member.key_at);
    if (config::is_known_path(member.key)) {
      set_field(out, member.key, value);
    } else {
      written.context().report.error(member.key_at,
                                     "unknown key \"" + member.key + "\" in " + written.path() + config::path_suggestion(member.key, ""));
    }
  }
  // A notification never has an empty title or body.
  if (out.title.empty()) out.title = out.name.empty() ? "Notification" : out.name;
  if (out.body.empty()) out.body = out.body_markdown = "A test notification.";
  return out;
}

ExpectedDelivery read_delivery(const Value& written) {
  const Section section(written, kDeliveryKeys);
  ExpectedDelivery out{.at = written.location()};
  if (const auto value = section.require("sink", "sink: slack")) config::assign(out.sink, value->text("the name of a sink"));
  if (const auto value = section.get("to")) out.to = read_expected(*value);
  if (const auto value = section.get("route")) out.route = read_expected(*value);
  if (const auto value = section.get("title")) out.title = read_expected(*value);
  if (const auto value = section.get("body")) out.body = read_expected(*value);
  if (const auto value = section.get("due_in")) out.due_in = value->duration(kSpan);
  if (const auto value = section.get("digest_in")) out.digest_in = value->duration(kSpan);
  if (const auto value = section.get("fallback")) {
    out.fallback.emplace();
    if (value->node().kind != config::yaml::Node::Kind::list || !value->node().items.empty()) {
      for (const auto& entry : value->entries("a list of sinks, or []")) {
        if (auto name = entry.text("the name of a sink")) out.fallback->push_back(*std::move(name));
      }
    }
  }
  return out;
}

void read_expect(const Value& written, TestCase& out) {
  const Section section(written, kExpectKeys);
  const auto dropped = section.get("dropped");
  const auto deliveries = section.get("deliveries");
  if (dropped) out.dropped = read_expected(*dropped);
  if (deliveries) {
    out.deliveries.emplace();
    if (deliveries->node().kind == config::yaml::Node::Kind::list && deliveries->node().items.empty()) return;
    for (const auto& entry : deliveries->entries("a list of deliveries such as { sink: slack, to: bobby@example.com }, or []")) {
      out.deliveries->push_back(read_delivery(entry));
    }
  }
  if (written.node().kind != config::yaml::Node::Kind::map) return;
  if (dropped && deliveries) deliveries->error("stands beside dropped; keep one of the two");
  if (!dropped && !deliveries && !section.may_contain("deliveries") && !section.may_contain("dropped")) {
    written.error("expects nothing; write deliveries: [...], or dropped: the reason");
  }
}

TestCase read_case(const Value& written) {
  const Section section(written, kCaseKeys);
  TestCase out{.at = written.location()};
  if (const auto value = section.require("name", "name: failures reach operations"))
    config::assign(out.name, value->text("a name for the case"));
  const auto payload = section.get("payload");
  const auto notification = section.get("notification");
  if (payload && notification) {
    notification->error("stands beside payload; keep one of the two");
  } else if (payload) {
    config::assign(out.payload, payload->file_path("a file with a Coder payload"));
  } else if (notification) {
    out.notification = read_notification(*notification);
  } else {
    static_cast<void>(section.require("notification", "notification: { name: Workspace Deleted }, or payload: FILE.json"));
  }
  if (const auto value = section.get("source")) config::assign(out.source, value->text("the name of a source"));
  if (const auto value = section.get("at")) {
    constexpr std::string_view kForm = "a time such as \"2026-03-29T01:30:00Z\"";
    if (const auto text = value->expanded(kForm)) {
      out.time = base::from_rfc3339(text->text);
      if (!out.time) value->expected(kForm);
    }
  }
  if (const auto value = section.require("expect", "expect: { deliveries: [{ sink: slack }] }")) read_expect(*value, out);
  return out;
}

}  // namespace

TestCaseFile read_cases(const std::filesystem::path& file, const config::Environment& environment) {
  config::Report report(file.string());
  TestCaseFile out;
  const auto text = config::read_text_file(file, "does not exist; name a file with cases, or a directory of such files");
  if (!text) report.error({}, text.error().message);
  if (const auto tree = text ? config::yaml::parse(*text, report) : nullptr) {
    const config::References references(environment);
    const config::Context context{report, references, environment};
    const Section root(Value(context, *tree, "", tree->at), kFileKeys);
    if (const auto cases = root.require("cases", "cases: [{ name: ..., notification: { ... }, expect: { ... } }]")) {
      for (const auto& entry : cases->entries("a list of cases")) out.cases.push_back(read_case(entry));
    }
  }
  out.problems = report.take();
  return out;
}

}  // namespace belfry::dryrun
