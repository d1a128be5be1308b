#include "config/pattern.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <vector>

namespace belfry::config {
namespace {

constexpr std::size_t kLongest = 4'096;             // bytes
constexpr std::size_t kHeaviest = 10'000;           // of one pattern
constexpr std::size_t kHeaviestTogether = 100'000;  // of a configuration

constexpr std::size_t kAnyCharacter = 4;    // "." or a negated class: a branch per length of a UTF-8 sequence
constexpr std::size_t kUnicodeClass = 200;  // some hundred instructions

// Sums up the weight of a pattern from left to right; see pattern_weight().
class Weigher {
 public:
  explicit Weigher(std::string_view pattern) : rest_(pattern) {}

  std::size_t weigh() {
    while (!rest_.empty()) step();
    while (groups_.size() > 1) close();
    return groups_.back();
  }

 private:
  static std::size_t bounded(std::size_t weight) { return std::min<std::size_t>(weight, 1'000'000'000); }

  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  void skip_past(char end) {
    const auto at = rest_.find(end);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + 1);
  }

  void atom(std::size_t weight) {
    last_ = weight;
    groups_.back() = bounded(groups_.back() + weight);
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

  // After "\Q", up to "\E": text in which nothing has a meaning.
  std::size_t quoted() {
    const auto end = rest_.find("\\E");
    const auto length = std::min(end, rest_.size());
    rest_.remove_prefix(end == std::string_view::npos ? length : length + 2);
    return length;
  }

  std::size_t char_class() {
    std::size_t weight = kAnyCharacter;
    if (rest_.starts_with('^')) take();
    if (rest_.starts_with(']')) take();
    while (!rest_.empty()) {
      const char c = take();
      if (c == ']') break;
      if (const auto named = rest_.find(":]"); c == '[' && rest_.starts_with(':') && named != std::string_view::npos) {
        rest_.remove_prefix(named + 2);
      } else if (c == '\\') {
        weight += escaped();
      } else {
        ++weight;
      }
    }
    return weight;
  }

  // After "{". False: no counted repetition, the brace stands for itself.
  bool repeat() {
    const auto end = rest_.find('}');
    if (end == std::string_view::npos) return false;
    std::size_t least = 0;
    const auto text = rest_.substr(0, end);
    const auto [stopped, bad] = std::from_chars(text.data(), text.data() + text.size(), least);
    if (bad != std::errc()) return false;
    std::size_t most = least;
    const auto* last = text.data() + text.size();
    if (stopped != last && *stopped == ',') std::from_chars(stopped + 1, last, most);
    rest_.remove_prefix(end + 1);
    const auto times = bounded(std::max({least, most, std::size_t{1}}));
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

// Routes are compared with each other, so that the same few patterns come again and again.
const re2::RE2& compiled_once(const std::string& pattern) {
  constexpr std::size_t kKept = 64;
  thread_local std::map<std::string, std::unique_ptr<const re2::RE2>> kept;
  if (kept.size() >= kKept && !kept.contains(pattern)) kept.clear();
  auto& compiled = kept[pattern];
  if (!compiled) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    compiled = std::make_unique<const re2::RE2>(pattern, options);
  }
  return *compiled;
}

}  // namespace

bool is_pattern(std::string_view text) { return text.size() >= 2 && text.starts_with('/') && text.ends_with('/'); }

std::size_t pattern_weight(std::string_view pattern) { return Weigher(pattern).weigh(); }

std::optional<std::string> read_pattern(const Value& written, const Expanded& text, std::string_view otherwise) {
  auto pattern = text.text.substr(1, text.text.size() - 2);
  if (pattern.empty()) {
    written.error("is \"//\", a pattern that fits everything; write what it shall find" + std::string(otherwise));
    return std::nullopt;
  }
  if (std::ranges::any_of(pattern, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; })) {
    written.error("holds a control character, which double quotes make of \\b and the like; write the pattern in single quotes");
    return std::nullopt;
  }
  if (pattern.size() > kLongest) {
    written.error("is a pattern of " + std::to_string(pattern.size()) + " bytes; write at most " + std::to_string(kLongest));
    return std::nullopt;
  }
  const auto weight = pattern_weight(pattern);
  if (weight > kHeaviest) {
    written.error("is a pattern of about " + std::to_string(weight) +
                  " steps, since {N} repeats what stands before it; write one of at most " + std::to_string(kHeaviest) +
                  ", with smaller numbers or with * and +");
    return std::nullopt;
  }
  if (written.context().report.add_pattern_weight(weight) > kHeaviestTogether) {
    written.error("is one pattern too many: together they have more than " + std::to_string(kHeaviestTogether) +
                  " steps; write fewer, or smaller numbers of repetitions");
    return std::nullopt;
  }
  if (const auto& compiled = compiled_once(pattern); !compiled.ok()) {
    const std::string why = text.referenced ? std::string() : " (" + compiled.error() + ")";
    written.error("is " + written.described() + ", which is no pattern" + why + "; write RE2 syntax" + std::string(otherwise));
    return std::nullopt;
  }
  return pattern;
}

bool compiles(const std::string& pattern) {
  return pattern.size() <= kLongest && pattern_weight(pattern) <= kHeaviest && compiled_once(pattern).ok();
}

bool finds(const std::string& pattern, std::string_view text) {
  return compiles(pattern) && re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_once(pattern));
}

}  // namespace belfry::config
