#include "config/pipeline/condition.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/document/scalar.hpp"
#include "config/document/suggest.hpp"
#include "config/pipeline/event_catalogue.hpp"
#include "config/pipeline/pattern.hpp"
#include "model/names.hpp"

namespace belfry::config {
namespace {

using model::Comparison;
using model::Condition;
using yaml::Node;

constexpr std::string_view kScalarForm = "text, a number, true or false";
constexpr std::string_view kValueForm = "text, a list, /pattern/, or a mapping such as { not: x } or { exists: false }";

}  // namespace

bool is_known_path(std::string_view path) {
  const auto paths = split_words(kPaths);
  if (std::ranges::find(paths, path) != paths.end()) return true;
  if (path.starts_with("labels.")) return path.size() > 7;
  return path.starts_with("data.") && !path.ends_with('.') && path.find("..") == std::string_view::npos;
}

std::string path_suggestion(std::string_view written, std::string_view besides) {
  const auto dot = written.find('.');
  const auto open = split_words("labels data");
  if (const auto near = base::closest_word(written.substr(0, dot), open);
      !near.empty() && dot != std::string_view::npos && dot + 1 < written.size()) {
    if (near != written.substr(0, dot)) return "; did you mean " + in_quotes(std::string(near) + std::string(written.substr(dot))) + "?";
  }
  auto known = split_words(kPaths);
  known.insert(known.end(), {"labels.NAME", "data.NAME"});
  std::ranges::copy(split_words(besides), std::back_inserter(known));
  return suggestion(written, known, "the keys here are");
}

namespace {

// Reads the comparisons of one path.
class Comparer {
 public:
  Comparer(std::string path, const std::vector<std::string_view>& sources) : path_(std::move(path)), sources_(sources) {}

  // All comparisons must hold: { ge: 1, lt: 5 } yields two.
  std::vector<Comparison> read(const Value& written) const {
    std::vector<Comparison> out;
    if (written.node().kind == Node::Kind::map) {
      for (auto& [name, value] : operators(written)) push(out, apply(name, value));
    } else {
      push(out, single(written));
    }
    return out;
  }

 private:
  static void push(std::vector<Comparison>& out, std::optional<Comparison> comparison) {
    if (comparison) out.push_back(*std::move(comparison));
  }

  Comparison make(Comparison::Op op) const { return {.path = path_, .op = op}; }

  std::optional<Comparison> single(const Value& written) const {
    switch (written.node().kind) {
      case Node::Kind::null:
        written.error("is empty; write { exists: false } to match a missing value, or \"\" to match empty text");
        break;
      case Node::Kind::scalar: return scalar(written, true);
      case Node::Kind::list: return any_of(written);
      case Node::Kind::map: {
        auto found = operators(written);
        if (found.size() == 1) return apply(found.front().first, found.front().second);
        if (!found.empty()) written.error("contains several conditions; write one of them here");
        break;
      }
    }
    return std::nullopt;
  }

  std::optional<Comparison> any_of(const Value& written) const {
    auto out = make(Comparison::Op::any_of);
    for (const auto& entry : written.entries("at least one value")) {
      if (entry.node().kind == Node::Kind::list) {
        entry.expected("one value per entry");
      } else {
        push(out.any, single(entry));
      }
    }
    return out;
  }

  std::optional<Comparison> scalar(const Value& written, bool patterns) const {
    const auto text = written.expanded(kScalarForm);
    if (!text) return std::nullopt;
    if (patterns && is_pattern(text->text)) return pattern(written, *text);
    auto out = make(Comparison::Op::equal);
    out.text = text->text;
    // True and TRUE are spellings of true.
    if (written.node().plain && scalar_kind(out.text) == ScalarKind::boolean) out.text = out.text.size() == 4 ? "true" : "false";
    check_literal(written, out.text);
    return out;
  }

  void check_literal(const Value& written, const std::string& text) const {
    if (path_ == "sensitive" && text != "true" && text != "false") written.expected("true or false");
    if (path_ == "severity" && !model::is_severity(text)) {
      written.error("is " + written.described() + ", which is not a severity" + suggestion(text, model::kSeverities, "the severities are"));
    }
    if (path_ == "source" && !sources_.empty() && std::ranges::find(sources_, text) == sources_.end()) {
      written.error("is " + written.described() + ", which is not a source" + suggestion(text, sources_, "the sources are"));
    }
    if (path_ == "template_id" && !is_template_id(text)) {
      written.warning("is " + written.described() + ", which no notification has; write a UUID in lower case, or compare the name");
    }
  }

  std::optional<Comparison> pattern(const Value& written, const Expanded& text) const {
    auto pattern = read_pattern(written, text, ", or { eq: ... } for text between slashes");
    if (!pattern) return std::nullopt;
    auto out = make(Comparison::Op::regex);
    out.text = *std::move(pattern);
    return out;
  }

  // The known operators of a mapping such as { ge: 1, lt: 5 }.
  std::vector<std::pair<std::string, Value>> operators(const Value& written) const {
    const auto known = split_words(kOperators);
    std::vector<std::pair<std::string, Value>> out;
    for (const auto& member : written.node().members) {
      if (std::ranges::find(known, member.key) == known.end()) {
        written.context().report.error(member.key_at, "unknown operator " + in_quotes(member.key) + " in " + written.path() +
                                                          suggestion(member.key, known, "the operators are"));
      } else {
        out.emplace_back(member.key, Value(written.context(), *member.value, written.path() + "." + member.key, member.key_at));
      }
    }
    if (written.node().members.empty()) written.error("is an empty mapping; write " + std::string(kValueForm));
    return out;
  }

  std::optional<Comparison> apply(std::string_view name, const Value& written) const {
    if (name == "eq") return scalar(written, false);
    if (name == "not") {
      auto inner = single(written);
      if (!inner) return std::nullopt;
      auto out = make(Comparison::Op::not_);
      out.any.push_back(*std::move(inner));
      return out;
    }
    if (name == "exists") {
      const auto flag = written.boolean();
      if (!flag) return std::nullopt;
      auto out = make(Comparison::Op::exists);
      out.flag = *flag;
      return out;
    }
    return number(name, written);
  }

  std::optional<Comparison> number(std::string_view name, const Value& written) const {
    constexpr std::string_view kForm = "a number";
    const auto text = written.expanded(kForm);
    if (!text) return std::nullopt;
    using enum Comparison::Op;
    auto out = make(name == "gt" ? gt : name == "ge" ? ge : name == "lt" ? lt : le);
    const auto* end = text->text.data() + text->text.size();
    const auto [stopped, error] = std::from_chars(text->text.data(), end, out.number);
    if (error == std::errc{} && stopped == end && std::isfinite(out.number)) return out;
    written.expected(kForm);
    return std::nullopt;
  }

  std::string path_;
  const std::vector<std::string_view>& sources_;
};

std::vector<Condition> read_nested(const Value& written, const std::vector<std::string_view>& sources) {
  std::vector<Condition> out;
  for (const auto& entry : written.entries("a list of conditions, such as [{ name: /Failed/ }]")) {
    out.push_back(read_condition(entry, sources));
  }
  return out;
}

}  // namespace

Condition read_condition(const Value& written, const std::vector<std::string_view>& sources) {
  Condition out;
  if (written.node().kind != Node::Kind::map) {
    written.expected("a mapping such as { name: Workspace Deleted }");
    return out;
  }
  if (written.node().members.empty()) written.error("is an empty mapping; write a condition, or remove it");
  for (const auto& member : written.node().members) {
    const Value value(written.context(), *member.value, written.path() + "." + member.key, member.key_at);
    if (member.key == "all") {
      out.all = read_nested(value, sources);
    } else if (member.key == "any") {
      out.any = read_nested(value, sources);
    } else if (member.key == "none") {
      out.none = read_nested(value, sources);
    } else if (is_known_path(member.key)) {
      std::ranges::move(Comparer(member.key, sources).read(value), std::back_inserter(out.comparisons));
    } else {
      written.context().report.error(
          member.key_at, "unknown key " + in_quotes(member.key) + " in " + written.path() + path_suggestion(member.key, kNesting));
    }
  }
  return out;
}

}  // namespace belfry::config
