// Matches arbitrary conditions against arbitrary text. A condition must compile or fail with a message, give the same result with and
// without a reason, and finish quickly.
#include <cstdlib>
#include <string_view>

#include "route/matcher.hpp"

namespace {

using belfry::model::Comparison;
using belfry::model::Condition;

// Interprets the input: a choice takes one byte, a text extends to the next newline.
class Script {
 public:
  Script(const unsigned char* bytes, std::size_t size) : rest_(reinterpret_cast<const char*>(bytes), size) {}

  unsigned choice(unsigned of) {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return byte % of;
  }
  std::string text() {
    const auto line = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(std::min(rest_.size(), line.size() + 1));
    return std::string(line);
  }

 private:
  std::string_view rest_;
};

Comparison comparison(Script& script, unsigned depth) {
  static constexpr const char* kPaths[] = {"name", "title", "labels.x", "data.a.b", "data.n", "recipient.email", "sensitive"};
  Comparison c;
  const auto path = script.choice(8);
  c.path = path < std::size(kPaths) ? kPaths[path] : script.text();
  c.op = static_cast<Comparison::Op>(script.choice(9));
  c.text = script.text();
  c.number = static_cast<double>(script.choice(256)) - 128;
  c.flag = script.choice(2) == 0;
  for (unsigned i = 0, count = depth == 0 ? 0 : script.choice(3); i < count; ++i) c.any.push_back(comparison(script, depth - 1));
  return c;
}

Condition condition(Script& script, unsigned depth) {
  Condition c;
  for (unsigned i = 0, count = script.choice(4); i < count; ++i) c.comparisons.push_back(comparison(script, 2));
  if (depth == 0) return c;
  for (auto* list : {&c.all, &c.any, &c.none}) {
    for (unsigned i = 0, count = script.choice(3); i < count; ++i) list->push_back(condition(script, depth - 1));
  }
  return c;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  Script script(bytes, size);
  const auto when = condition(script, 2);
  belfry::model::Notification n;
  n.sensitive = script.choice(2) == 1;
  n.name = script.text();
  n.title = script.text();
  n.labels["x"] = script.text();
  n.data = {{"a", {{"b", script.text()}}}, {"n", script.choice(256)}};

  belfry::route::MatchCache match_cache;
  const auto matcher = belfry::route::Matcher::compile(when, match_cache);
  match_cache.seal();
  if (!matcher) {
    if (matcher.error().message.empty()) std::abort();
    return 0;
  }
  std::string why;
  belfry::route::MatchCache::Evaluation evaluation(match_cache, n);
  const bool answer = matcher->matches(evaluation);
  if (matcher->matches(evaluation, &why) != answer || answer != why.empty()) std::abort();
  return 0;
}
