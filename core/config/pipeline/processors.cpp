#include "config/pipeline/processors.hpp"

#include <algorithm>
#include <map>

#include "config/document/suggest.hpp"
#include "config/pipeline/condition.hpp"
#include "config/pipeline/pattern.hpp"
#include "config/pipeline/templates.hpp"
#include "config/sections/max_age.hpp"
#include "model/names.hpp"
#include "render/template.hpp"

namespace belfry::config {
namespace {

using std::chrono::days;
using std::chrono::seconds;

constexpr Range<Millis> kDedupeWindow{seconds(1), days(7)};
constexpr std::string_view kPatternForm = "a pattern such as \"/glpat-[0-9A-Za-z_-]{20}/\"";
constexpr std::string_view kRedacted = "[redacted]";
constexpr std::string_view kSettable = "title body severity update_key sensitive max_age labels.NAME";
constexpr std::string_view kUnsettable = "severity update_key max_age actions labels.NAME";
constexpr std::string_view kLabelRoot = "labels.";

bool is_label(std::string_view path) { return path.starts_with(kLabelRoot) && path.size() > kLabelRoot.size(); }

bool is_one_of(std::string_view path, std::string_view words) {
  const auto known = split_words(words);
  return is_label(path) || (path != "labels.NAME" && std::ranges::find(known, path) != known.end());
}

std::optional<model::Assignment> read_assignment(const std::string& path, const Value& value) {
  model::Assignment out{.path = path};
  if (path == "sensitive") {
    const auto flag = value.boolean();
    if (!flag) return std::nullopt;
    out.flag = *flag;
  } else if (path == "max_age") {
    const auto age = value.duration(kMaxAge);
    if (!age) return std::nullopt;
    out.duration = *age;
  } else {
    auto text = read_template(value, "text");
    if (!text) return std::nullopt;
    if (path == "severity" && !text->contains("{{") && !model::is_severity(*text)) {
      value.error("is " + value.described() + ", which is not a severity" + suggestion(*text, model::kSeverities, "the severities are"));
      return std::nullopt;
    }
    out.text = *std::move(text);
  }
  return out;
}

std::vector<model::Assignment> read_set(const Value& written) {
  std::vector<model::Assignment> out;
  constexpr std::string_view kForm = "a mapping such as { severity: warning }";
  if (written.node().kind != yaml::Node::Kind::map) {
    written.expected(kForm);
    return out;
  }
  if (written.node().members.empty()) written.error("is an empty mapping; write " + std::string(kForm));
  for (const auto& member : written.node().members) {
    const Value value(written.context(), *member.value, written.path() + "." + member.key, member.key_at);
    if (!is_one_of(member.key, kSettable)) {
      written.context().report.error(member.key_at, written.path() + " cannot set " + in_quotes(member.key) +
                                                        suggestion(member.key, split_words(kSettable), "the paths that can be set are"));
    } else if (auto assignment = read_assignment(member.key, value)) {
      out.push_back(*std::move(assignment));
    }
  }
  return out;
}

std::vector<std::string> read_unset(const Value& written) {
  std::vector<std::string> out;
  for (const auto& entry : written.entries("a list of paths, such as [labels.reason]")) {
    auto path = entry.text("a path such as labels.reason");
    if (!path) continue;
    if (!is_one_of(*path, kUnsettable)) {
      entry.error("is " + entry.described() + ", which cannot be unset" +
                  suggestion(*path, split_words(kUnsettable), "the paths that can be unset are"));
    } else {
      out.push_back(*std::move(path));
    }
  }
  return out;
}

std::optional<std::string> read_redaction_pattern(const Value& written) {
  const auto text = written.expanded(kPatternForm);
  if (!text) return std::nullopt;
  if (!is_pattern(text->text)) {
    written.expected(kPatternForm);
    return std::nullopt;
  }
  auto pattern = read_pattern(written, *text);
  if (pattern && pattern_matches(*pattern, "")) {
    written.error("is " + written.described() + ", which matches empty text, and so everywhere; write + instead of *, or leave out the ?");
    return std::nullopt;
  }
  return pattern;
}

std::vector<model::Redaction> read_redact(const Value& written) {
  std::vector<model::Redaction> out;
  for (const auto& entry : written.entries("a list of patterns, such as [\"/glpat-[0-9A-Za-z_-]{20}/\"]")) {
    model::Redaction redaction{.pattern = {}, .replacement = std::string(kRedacted)};
    std::optional<std::string> pattern;
    if (entry.node().kind == yaml::Node::Kind::map) {
      const Section section(entry, kRedactionKeys);
      if (const auto value = section.require("pattern", "pattern: \"/glpat-[0-9A-Za-z_-]{20}/\"")) pattern = read_redaction_pattern(*value);
      if (const auto value = section.get("with")) {
        if (const auto with = value->expanded("the replacement text")) redaction.replacement = with->text;
      }
    } else {
      pattern = read_redaction_pattern(entry);
    }
    if (!pattern) continue;
    redaction.pattern = *std::move(pattern);
    out.push_back(std::move(redaction));
  }
  return out;
}

std::optional<model::Dedupe> read_dedupe(const Value& written) {
  const Section section(written, kDedupeKeys);
  const auto key = section.require("key", "key: \"{{name}} {{labels.workspace}}\"");
  const auto window = section.require("window", "window: 5m");
  auto text = key ? read_key(*key, "a key that duplicates have in common, such as \"{{title}}\"") : std::nullopt;
  const auto length = window ? window->duration(kDedupeWindow) : std::nullopt;
  if (!text || !length) return std::nullopt;
  return model::Dedupe{*std::move(text), *length};
}

class ProcessorReader {
 public:
  explicit ProcessorReader(const std::vector<std::string_view>& sources) : sources_(sources) {}

  model::ProcessorRule read(const Value& written) {
    const Section section(written, kProcessorKeys);
    model::ProcessorRule rule;
    rule.location = written.location_text();
    read_name(section, rule.name);
    if (const auto when = section.get("when")) rule.when = read_condition(*when, sources_);
    if (const auto value = section.get("drop")) rule.drop = value->text("the reason, which `belfry explain` shows");
    if (const auto value = section.get("set")) rule.set = read_set(*value);
    if (const auto value = section.get("unset")) rule.unset = read_unset(*value);
    if (const auto value = section.get("redact")) rule.redact = read_redact(*value);
    if (const auto value = section.get("message")) rule.message = read_message(*value);
    if (const auto value = section.get("dedupe")) rule.dedupe = read_dedupe(*value);
    check_actions(section);
    return rule;
  }

 private:
  void read_name(const Section& section, std::string& out) {
    const auto value = section.require("name", "name: no-creation-noise");
    const auto name = value ? value->text(kNameForm) : std::nullopt;
    if (!name) return;
    if (!is_name(*name)) {
      value->expected(kNameForm);
    } else if (const auto [first, fresh] = names_.emplace(*name, value->at()); !fresh) {
      value->error("is " + value->described() + ", also the name of the processor at " +
                   value->context().report.relative_location(value->at(), first->second) + "; give each its own name");
    } else {
      out = *name;
    }
  }

  static void check_actions(const Section& section) {
    constexpr std::string_view kActions = "drop set unset redact message dedupe";
    if (section.value().node().kind != yaml::Node::Kind::map) return;
    std::vector<std::string_view> found;
    bool unknown = false;
    for (const auto action : split_words(kActions)) {
      if (section.get(action)) found.push_back(action);
      unknown = unknown || section.may_contain(action);
    }
    if (found.empty() && !unknown) {
      section.value().error("does nothing; write drop, set, unset, redact, message or dedupe");
    } else if (found.size() > 1 && found.front() == "drop") {
      section.get(found[1])->error("cannot be combined with drop, which delivers nothing; keep one of the two");
    }
  }

  const std::vector<std::string_view>& sources_;
  std::map<std::string, Mark> names_;
};

}  // namespace

std::vector<model::ProcessorRule> read_processors(const Value& written, const std::vector<std::string_view>& sources) {
  std::vector<model::ProcessorRule> out;
  ProcessorReader reader(sources);
  const auto entries =
      written.entries("a list of processors, such as [{ name: no-noise, when: { name: Workspace Created }, drop: too noisy }]");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto before = written.context().report.errors();
    out.push_back(reader.read(entries[i]));
    const auto& rule = out.back();
    if (!rule.drop || !rule.when.always() || entries[i].node().find("when") != nullptr || written.context().report.errors() != before)
      continue;
    entries[i].error("drops every notification; write a when");
  }
  return out;
}

}  // namespace belfry::config
