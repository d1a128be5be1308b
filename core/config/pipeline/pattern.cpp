#include "config/pipeline/pattern.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <vector>

namespace belfry::config {
namespace {

constexpr std::size_t kMaxLength = 4'096;       // bytes
constexpr std::size_t kMaxCost = 10'000;        // instructions, per pattern
constexpr std::size_t kMaxTotalCost = 100'000;  // instructions, per configuration

constexpr std::size_t kAnyCharacter = 4;    // "." or a negated class: one branch per length of a UTF-8 sequence
constexpr std::size_t kUnicodeClass = 200;  // such as \pL, which needs some hundred instructions

// Adds up the cost of a pattern from left to right; see pattern_cost().
class CostEstimator {
 public:
  explicit CostEstimator(std::string_view pattern) : rest_(pattern) {}

  std::size_t estimate() {
    while (!rest_.empty()) step();
    while (groups_.size() > 1) close();
    return groups_.back();
  }

 private:
  static std::size_t bounded(std::size_t cost) { return std::min<std::size_t>(cost, 1'000'000'000); }

  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  void skip_past(char end) {
    const auto at = rest_.find(end);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + 1);
  }

  void atom(std::size_t cost) {
    last_ = cost;
    groups_.back() = bounded(groups_.back() + cost);
  }

  void close() {
    const auto inner = groups_.back();
    groups_.pop_back();
    atom(inner);
  }

  std::size_t escaped() {
    if (rest_.empty()) return 1;
    const char kind = take();
    if (kind == 'p' || kind == 'P') {
      if (rest_.starts_with('{')) {
        skip_past('}');
      } else if (!rest_.empty()) {
        take();
      }
      return kUnicodeClass;
    }
    if (kind == 'Q') return quoted();
    if (kind == 'x' && rest_.starts_with('{')) skip_past('}');
    return kAnyCharacter;
  }

  // Reads literal text after "\Q", up to "\E".
  std::size_t quoted() {
    const auto end = rest_.find("\\E");
    const auto length = std::min(end, rest_.size());
    rest_.remove_prefix(end == std::string_view::npos ? length : length + 2);
    return length;
  }

  std::size_t char_class() {
    std::size_t cost = kAnyCharacter;
    if (rest_.starts_with('^')) take();
    if (rest_.starts_with(']')) take();
    while (!rest_.empty()) {
      const char c = take();
      if (c == ']') break;
      if (const auto named = rest_.find(":]"); c == '[' && rest_.starts_with(':') && named != std::string_view::npos) {
        rest_.remove_prefix(named + 2);
      } else if (c == '\\') {
        cost += escaped();
      } else {
        ++cost;
      }
    }
    return cost;
  }

  // Reads a counted repetition after "{". False when there is none: the brace is literal.
  bool repeat() {
    const auto end = rest_.find('}');
    if (end == std::string_view::npos) return false;
    std::size_t low = 0;
    const auto text = rest_.substr(0, end);
    const auto [stopped, bad] = std::from_chars(text.data(), text.data() + text.size(), low);
    if (bad != std::errc()) return false;
    std::size_t high = low;
    const auto* last = text.data() + text.size();
    if (stopped != last && *stopped == ',') std::from_chars(stopped + 1, last, high);
    rest_.remove_prefix(end + 1);
    const auto times = bounded(std::max({low, high, std::size_t{1}}));
    groups_.back() = bounded(groups_.back() + bounded(last_ * (times - 1)));
    last_ = bounded(last_ * times);
    return true;
  }

  void step() {
    const char c = take();
    switch (c) {
      case '\\': return atom(escaped());
      case '[': return atom(char_class());
      case '(': return groups_.push_back(0);
      case ')': return groups_.size() > 1 ? close() : atom(1);
      case '{':
        if (!repeat()) atom(1);
        return;
      case '.': return atom(kAnyCharacter);
      default: return atom(1);
    }
  }

  std::string_view rest_;
  std::vector<std::size_t> groups_{0};
  std::size_t last_ = 0;
};

// Cached: comparing the routes with each other needs the same few patterns over and over.
const re2::RE2& compiled_once(const std::string& pattern) {
  constexpr std::size_t kMaxCached = 64;
  thread_local std::map<std::string, std::unique_ptr<const re2::RE2>> cache;
  if (cache.size() >= kMaxCached && !cache.contains(pattern)) cache.clear();
  auto& compiled = cache[pattern];
  if (!compiled) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    compiled = std::make_unique<const re2::RE2>(pattern, options);
  }
  return *compiled;
}

}  // namespace

bool is_pattern(std::string_view text) { return text.size() >= 2 && text.starts_with('/') && text.ends_with('/'); }

std::size_t pattern_cost(std::string_view pattern) { return CostEstimator(pattern).estimate(); }

std::optional<std::string> read_pattern(const Value& written, const Expanded& text, std::string_view otherwise) {
  auto pattern = text.text.substr(1, text.text.size() - 2);
  if (pattern.empty()) {
    written.error("is \"//\", a pattern that matches everything; write the text to find" + std::string(otherwise));
    return std::nullopt;
  }
  if (std::ranges::any_of(pattern, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; })) {
    written.error("contains a control character, as \\b becomes in double quotes; write the pattern in single quotes");
    return std::nullopt;
  }
  if (pattern.size() > kMaxLength) {
    written.error("is a pattern of " + std::to_string(pattern.size()) + " bytes; write at most " + std::to_string(kMaxLength));
    return std::nullopt;
  }
  const auto cost = pattern_cost(pattern);
  if (cost > kMaxCost) {
    written.error("is a pattern of about " + std::to_string(cost) + " steps, because {N} repeats what precedes it; write one of at most " +
                  std::to_string(kMaxCost) + ", with smaller numbers or with * and +");
    return std::nullopt;
  }
  if (written.context().report.add_pattern_cost(cost) > kMaxTotalCost) {
    written.error("is one pattern too many: together they have more than " + std::to_string(kMaxTotalCost) +
                  " steps; write fewer, or smaller repetition counts");
    return std::nullopt;
  }
  if (const auto& compiled = compiled_once(pattern); !compiled.ok()) {
    const std::string why = text.referenced ? std::string() : " (" + compiled.error() + ")";
    written.error("is " + written.described() + ", which is not a valid pattern" + why + "; write RE2 syntax" + std::string(otherwise));
    return std::nullopt;
  }
  return pattern;
}

bool compiles(const std::string& pattern) {
  return pattern.size() <= kMaxLength && pattern_cost(pattern) <= kMaxCost && compiled_once(pattern).ok();
}

bool pattern_matches(const std::string& pattern, std::string_view text) {
  return compiles(pattern) && re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_once(pattern));
}

}  // namespace belfry::config
