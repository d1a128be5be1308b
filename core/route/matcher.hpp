// A condition of the configuration, compiled: does this notification fit?
//
//   equal ....... the text itself; for a number or a boolean of `data`, its value
//   regex ....... an unanchored RE2 search in the text (of a number or boolean: its JSON form)
//   gt ge lt le . numbers, and texts that are a number as a whole ("24"); anything else does not fit
//   not ......... also fits when there is no such value
//
// Thread rule: immutable, any thread.
#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/pipeline.hpp"
#include "route/questions.hpp"

namespace belfry::route {

class Matcher {
 public:
  // What it asks is added to `questions`, which have to be sealed before it is used. ErrorCode::invalid says which path or pattern is
  // wrong.
  [[nodiscard]] static base::Result<Matcher> compile(const model::Condition& condition, Questions& questions);

  // `answers` of the questions that it was compiled with. `why`, when given and the answer is no, gets the first thing that does not hold:
  // `name is "Workspace Deleted", wanted /Failed/`. What a sensitive notification says does not appear in it.
  [[nodiscard]] bool matches(Questions::Answers& answers, std::string* why = nullptr) const;

 private:
  using Op = model::Comparison::Op;

  struct Test {
    Op op = Op::equal;
    std::string text;
    nlohmann::json literal;      // equal: `text` as a number, else null
    std::size_t pattern = 0;     // regex: its number
    std::vector<Test> operands;  // any_of, not_
    double number = 0;
    bool flag = true;

    [[nodiscard]] static base::Result<Test> compile(const model::Comparison& comparison, std::size_t path, Questions& questions);
    [[nodiscard]] bool holds(Questions::Answers& answers, std::size_t path) const;
    [[nodiscard]] std::string wanted() const;
  };

  struct Check {
    std::string name;  // the path as written
    std::size_t path = 0;
    bool content = false;  // see Path::leads_to_content
    Test test;
  };

  [[nodiscard]] static base::Result<std::vector<Matcher>> compile(const std::vector<model::Condition>& conditions, Questions& questions);

  std::vector<Check> checks_;
  std::vector<Matcher> all_;
  std::vector<Matcher> any_;
  std::vector<Matcher> none_;
};

}  // namespace belfry::route
