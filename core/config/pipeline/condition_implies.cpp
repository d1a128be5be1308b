// Decides whether one condition implies another.
#include <algorithm>

#include "config/pipeline/condition.hpp"
#include "config/pipeline/pattern.hpp"

namespace belfry::config {
namespace {

using model::Comparison;
using model::Condition;
using Op = Comparison::Op;

bool implies(const Comparison& narrow, const Comparison& wide) {
  if (narrow == wide) return true;
  if (narrow.path != wide.path) return false;
  if (narrow.op == Op::any_of) return std::ranges::all_of(narrow.any, [&](const Comparison& each) { return implies(each, wide); });
  if (wide.op == Op::any_of) return std::ranges::any_of(wide.any, [&](const Comparison& each) { return implies(narrow, each); });
  // A number has several spellings, and `sensitive` is a boolean: patterns can only be tried on text.
  const bool is_text = narrow.path != "sensitive" && !narrow.path.starts_with("data.");
  if (wide.op == Op::regex && narrow.op == Op::equal) return is_text && pattern_matches(wide.text, narrow.text);
  const auto at_least = [](Op op) { return op == Op::gt || op == Op::ge; };
  const auto at_most = [](Op op) { return op == Op::lt || op == Op::le; };
  if (at_least(narrow.op) && at_least(wide.op)) {
    return narrow.number > wide.number || (narrow.number == wide.number && (wide.op == Op::ge || narrow.op == Op::gt));
  }
  if (at_most(narrow.op) && at_most(wide.op)) {
    return narrow.number < wide.number || (narrow.number == wide.number && (wide.op == Op::le || narrow.op == Op::lt));
  }
  return false;
}

bool contains_all(const std::vector<Condition>& of, const std::vector<Condition>& wanted) {
  return std::ranges::all_of(wanted, [&](const Condition& each) { return std::ranges::find(of, each) != of.end(); });
}

}  // namespace

bool implies(const Condition& narrow, const Condition& wide) {
  const bool comparisons = std::ranges::all_of(wide.comparisons, [&](const Comparison& wanted) {
    return std::ranges::any_of(narrow.comparisons, [&](const Comparison& present) { return implies(present, wanted); });
  });
  const bool alternatives = wide.any.empty() || wide.any == narrow.any ||
                            std::ranges::any_of(wide.any, [&](const Condition& each) { return implies(narrow, each); });
  return comparisons && alternatives && contains_all(narrow.all, wide.all) && contains_all(narrow.none, wide.none);
}

}  // namespace belfry::config
