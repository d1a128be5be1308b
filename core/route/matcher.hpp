// A condition of the configuration, compiled for matching notifications.
//
//   equal ....... the text itself; for a number or boolean in `data`, its value
//   regex ....... an unanchored RE2 search in the text (of a number or boolean, in its JSON form)
//   gt ge lt le . numbers, and texts that are entirely a number ("24"); anything else does not match
//   not ......... also matches if the value does not exist
//
// Thread rule: immutable, any thread.
#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/pipeline.hpp"
#include "route/match_cache.hpp"

namespace belfry::route {

// A path whose value a match rests on.
struct MatchedPath {
  std::string name;  // the path as written
  std::size_t path = 0;
  bool content = false;  // see model::Path::is_content()
};

class Matcher {
 public:
  // Adds the paths and patterns of the condition to `match_cache`, which must be sealed before matching. ErrorCode::invalid: the message
  // names the wrong path or pattern.
  [[nodiscard]] static base::Result<Matcher> compile(const model::Condition& condition, MatchCache& match_cache);

  // `evaluation` belongs to the match_cache that the matcher was compiled with. On a mismatch `why`, unless null, receives the first failed
  // check: `name is "Workspace Deleted", wanted /Failed/`. It never quotes the content of a sensitive notification.
  [[nodiscard]] bool matches(MatchCache::Evaluation& evaluation, std::string* why = nullptr) const;

  // After a match: the paths that decided it, each once. Of `any`, those of the first part that holds.
  [[nodiscard]] std::vector<MatchedPath> matched_paths(MatchCache::Evaluation& evaluation) const;

 private:
  using Op = model::Comparison::Op;

  struct Test {
    Op op = Op::equal;
    std::string text;
    nlohmann::json literal;      // equal: `text` as a number, else null
    std::size_t pattern = 0;     // regex: its index
    std::vector<Test> operands;  // any_of, not_
    double number = 0;
    bool flag = true;

    [[nodiscard]] static base::Result<Test> compile(const model::Comparison& comparison, std::size_t path, MatchCache& match_cache);
    [[nodiscard]] bool matches(MatchCache::Evaluation& evaluation, std::size_t path) const;
    [[nodiscard]] std::string expected() const;
  };

  struct Check {
    std::string name;  // the path as written
    std::size_t path = 0;
    bool content = false;  // see Path::is_content()
    Test test;
  };

  void collect(MatchCache::Evaluation& evaluation, std::vector<MatchedPath>& out) const;
  [[nodiscard]] static base::Result<std::vector<Matcher>> compile(const std::vector<model::Condition>& conditions, MatchCache& match_cache);

  std::vector<Check> checks_;
  std::vector<Matcher> all_;
  std::vector<Matcher> any_;
  std::vector<Matcher> none_;
};

// The values at `paths`: `labels.template is "scratch" and name is "Workspace Created"`, at most 300 bytes. Like the texts of `belfry why`,
// it never quotes title or body, nor the content of a sensitive notification. Empty: no paths.
[[nodiscard]] std::string describe(const std::vector<MatchedPath>& paths, MatchCache::Evaluation& evaluation);

}  // namespace belfry::route
