// A gateway that answers from a script, for commands. Its clock moves only when a command pauses.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/admin_session.hpp"

namespace belfry::cli {

class ScriptedGateway {
 public:
  using Answer = base::Result<nlohmann::json>;

  // The answer to the next call of `method` and `path`.
  void expect(std::string method, std::string path, Answer answer) {
    script_.push_back({std::move(method), std::move(path), std::move(answer)});
  }
  void expect(std::string method, std::string path, base::ErrorCode code, std::string message) {
    expect(std::move(method), std::move(path), Answer(base::fail(code, std::move(message))));
  }

  [[nodiscard]] AdminSession session() {
    return {.call = [this](const AdminRequest& request) { return answer(request); },
            .pause = [this](base::Millis time) { clock_.advance(time); },
            .clock = clock_,
            .out = out,
            .err = err,
            .ask =
                [this](const std::string& question) {
                  questions.push_back(question);
                  return reply;
                },
            .style = style,
            .interactive = interactive,
            .progress = progress,
            .json = json,
            .config = config};
  }

  // Whether the whole script has been used.
  [[nodiscard]] bool finished() const { return script_.empty(); }
  // The value of a query parameter of call `number`; empty: it was left out.
  [[nodiscard]] std::string query(std::size_t number, const std::string& name) const {
    for (const auto& [key, value] : calls.at(number).query)
      if (key == name) return value;
    return {};
  }

  std::vector<AdminRequest> calls;
  std::vector<std::string> questions;
  std::optional<std::string> reply;
  OutputStyle style;
  bool interactive = false;
  bool progress = false;
  bool json = false;
  std::filesystem::path config;
  std::ostringstream out;
  std::ostringstream err;

 private:
  struct Step {
    std::string method, path;
    Answer answer;
  };

  Answer answer(const AdminRequest& request) {
    calls.push_back(request);
    if (script_.empty()) {
      ADD_FAILURE() << "unexpected call: " << request.method << " " << request.path;
      return base::fail("the script is at its end");
    }
    auto step = std::move(script_.front());
    script_.pop_front();
    EXPECT_EQ(request.method + " " + request.path, step.method + " " + step.path);
    return std::move(step.answer);
  }

  std::deque<Step> script_;
  base::ManualClock clock_{base::Timestamp(base::Millis(1'700'000'000'000))};
};

}  // namespace belfry::cli
