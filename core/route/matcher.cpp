#include "route/matcher.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/utf8.hpp"

namespace belfry::route {
namespace {

using Value = model::PathValue;

std::optional<double> as_number(const Value& value) {
  if (value.kind == Value::Kind::number) return value.number->get<double>();
  if (value.kind != Value::Kind::text) return std::nullopt;
  double number = 0;
  const auto* begin = value.text.data();
  const auto* end = begin + value.text.size();
  const auto [stopped, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || stopped != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool equals(const Value& value, const std::string& text, const nlohmann::json& literal) {
  switch (value.kind) {
    case Value::Kind::text: return value.text == text;
    case Value::Kind::boolean: return text == (value.flag ? "true" : "false");
    case Value::Kind::number: return literal.is_number() && *value.number == literal;
    default: return false;
  }
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMaxLength = 80;
  const auto shown = base::utf8_prefix(text, kMaxLength);
  return "\"" + std::string(shown) + (shown.size() < text.size() ? "...\"" : "\"");
}

std::string shown(const Value& value, bool secret) {
  if (!value.exists) return "missing";
  if (secret) return "(sensitive)";
  switch (value.kind) {
    case Value::Kind::text: return in_quotes(value.text);
    case Value::Kind::boolean: return value.flag ? "true" : "false";
    case Value::Kind::number: return value.number->dump();
    default: return "an object or array";
  }
}

std::string shown(double number) { return nlohmann::json(number).dump(); }

}  // namespace

base::Result<Matcher::Test> Matcher::Test::compile(const model::Comparison& comparison, std::size_t path, MatchCache& match_cache) {
  Test test{.op = comparison.op, .text = comparison.text, .number = comparison.number, .flag = comparison.flag};
  if (test.op == Op::equal) {
    test.literal = nlohmann::json::parse(test.text, nullptr, false);
    if (!test.literal.is_number()) test.literal = nullptr;
  }
  if (test.op == Op::regex) {
    const auto pattern = match_cache.pattern(path, test.text);
    if (!pattern) return std::unexpected(pattern.error());
    test.pattern = *pattern;
  }
  for (const auto& operand : comparison.any) {
    auto compiled = compile(operand, path, match_cache);
    if (!compiled) return compiled;
    test.operands.push_back(std::move(*compiled));
  }
  if (test.op == Op::not_ && test.operands.size() != 1) return base::fail(base::ErrorCode::invalid, "`not` takes exactly one value");
  return test;
}

bool Matcher::Test::matches(MatchCache::Evaluation& evaluation, std::size_t path) const {
  const auto compare = [&](auto order) {
    const auto left = as_number(evaluation.value(path));
    return left && order(*left, number);
  };
  switch (op) {
    case Op::equal: return equals(evaluation.value(path), text, literal);
    case Op::regex: return evaluation.finds(path, pattern);
    case Op::any_of: return std::ranges::any_of(operands, [&](const Test& operand) { return operand.matches(evaluation, path); });
    case Op::not_: return !operands.front().matches(evaluation, path);
    case Op::exists: return evaluation.value(path).exists == flag;
    case Op::gt: return compare(std::greater<>());
    case Op::ge: return compare(std::greater_equal<>());
    case Op::lt: return compare(std::less<>());
    case Op::le: return compare(std::less_equal<>());
  }
  return false;
}

std::string Matcher::Test::expected() const {
  switch (op) {
    case Op::equal: return in_quotes(text);
    case Op::regex: return "/" + text + "/";
    case Op::any_of: {
      std::string list = "one of";
      for (const auto& operand : operands) list += (&operand == &operands.front() ? " " : ", ") + operand.expected();
      return list;
    }
    case Op::not_: return "not " + operands.front().expected();
    case Op::exists: return flag ? "any value" : "none";
    case Op::gt: return "more than " + shown(number);
    case Op::ge: return "at least " + shown(number);
    case Op::lt: return "less than " + shown(number);
    case Op::le: return "at most " + shown(number);
  }
  return {};
}

base::Result<Matcher> Matcher::compile(const model::Condition& condition, MatchCache& match_cache) {
  Matcher matcher;
  for (const auto& comparison : condition.comparisons) {
    const auto path = match_cache.path(comparison.path);
    if (!path) return std::unexpected(path.error());
    auto test = Test::compile(comparison, *path, match_cache);
    if (!test) return std::unexpected(base::with_context(comparison.path, test.error()));
    matcher.checks_.push_back({comparison.path, *path, match_cache.at(*path).is_content(), std::move(*test)});
  }
  for (const auto& [from, to] :
       {std::pair{&condition.all, &matcher.all_}, {&condition.any, &matcher.any_}, {&condition.none, &matcher.none_}}) {
    auto compiled = compile(*from, match_cache);
    if (!compiled) return std::unexpected(compiled.error());
    *to = std::move(*compiled);
  }
  return matcher;
}

base::Result<std::vector<Matcher>> Matcher::compile(const std::vector<model::Condition>& conditions, MatchCache& match_cache) {
  std::vector<Matcher> matchers;
  for (const auto& condition : conditions) {
    auto compiled = compile(condition, match_cache);
    if (!compiled) return std::unexpected(compiled.error());
    matchers.push_back(std::move(*compiled));
  }
  return matchers;
}

bool Matcher::matches(MatchCache::Evaluation& evaluation, std::string* why) const {
  for (const auto& check : checks_) {
    if (check.test.matches(evaluation, check.path)) continue;
    if (why != nullptr) {
      const bool secret = evaluation.notification().sensitive && check.content;
      *why = check.name + " is " + shown(evaluation.value(check.path), secret) + ", wanted " + check.test.expected();
    }
    return false;
  }
  for (const auto& part : all_) {
    if (!part.matches(evaluation, why)) return false;
  }
  const auto fits = [&](const Matcher& part) { return part.matches(evaluation); };
  if (!any_.empty() && std::ranges::none_of(any_, fits)) {
    if (why != nullptr) *why = "no part of `any` holds";
    return false;
  }
  if (const auto found = std::ranges::find_if(none_, fits); found != none_.end()) {
    if (why != nullptr) *why = "part " + std::to_string(found - none_.begin() + 1) + " of `none` holds";
    return false;
  }
  return true;
}

void Matcher::collect(MatchCache::Evaluation& evaluation, std::vector<MatchedPath>& out) const {
  for (const auto& check : checks_) {
    if (std::ranges::find(out, check.path, &MatchedPath::path) == out.end()) out.push_back({check.name, check.path, check.content});
  }
  for (const auto& part : all_) part.collect(evaluation, out);
  const auto fits = [&](const Matcher& part) { return part.matches(evaluation); };
  if (const auto found = std::ranges::find_if(any_, fits); found != any_.end()) found->collect(evaluation, out);
  for (const auto& part : none_) part.collect(evaluation, out);
}

std::vector<MatchedPath> Matcher::matched_paths(MatchCache::Evaluation& evaluation) const {
  std::vector<MatchedPath> out;
  collect(evaluation, out);
  return out;
}

std::string describe(const std::vector<MatchedPath>& paths, MatchCache::Evaluation& evaluation) {
  constexpr std::size_t kMaxBytes = 300;
  constexpr std::string_view kCut = "...";
  std::string out;
  for (const auto& matched : paths) {
    const bool secret = evaluation.notification().sensitive && matched.content;
    const bool is_text = matched.name == "title" || matched.name == "body";
    out += (out.empty() ? "" : " and ") + matched.name +
           (is_text && !secret ? " meets its condition" : " is " + shown(evaluation.value(matched.path), secret));
  }
  if (out.size() <= kMaxBytes) return out;
  return std::string(base::utf8_prefix(out, kMaxBytes - kCut.size())).append(kCut);
}

}  // namespace belfry::route
