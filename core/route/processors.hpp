// The processors of the pipeline: what is dropped, and what a notification is made into before it is routed. Pure.
// Thread rule: immutable, any thread. Copies share what was compiled.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/pipeline.hpp"
#include "render/message_rule.hpp"
#include "route/matcher.hpp"
#include "route/redactor.hpp"
#include "route/trace.hpp"

namespace belfry::route {

// What is to be known of them beyond the notification itself.
struct Processed {
  struct Dropped {
    std::string by;
    std::string reason;
    bool operator==(const Dropped&) const = default;
  };
  struct Dedupe {
    std::string key;
    base::Millis window{};
    bool operator==(const Dedupe&) const = default;
  };
  std::optional<Dropped> dropped;
  std::optional<Dedupe> dedupe;      // of the last one that has one
  std::vector<std::string> applied;  // names of those that matched, in order

  bool operator==(const Processed&) const = default;
};

class Processors {
 public:
  // ErrorCode::invalid names the processor and what is wrong with it.
  [[nodiscard]] static base::Result<Processors> compile(std::vector<model::ProcessorRule> rules);

  // Each sees what the ones before it made of the notification. The first that drops it is the last that is asked, but for
  // what the others redact: what is dropped is kept as well. What the source itself
  // marked as sensitive, or gave a max_age, stays so; a processor can only be stricter. `trace` costs nothing when it is not given.
  [[nodiscard]] Processed run(model::Notification& notification, std::vector<Trace::Entry>* trace = nullptr) const;

 private:
  struct Setter {
    model::Assignment assignment;
    std::optional<render::Template> text;
  };
  struct Processor {
    model::ProcessorRule rule;
    Matcher when;
    std::vector<Setter> set;
    Redactor redact;
    std::optional<render::MessageText> message;
    std::optional<render::Template> dedupe_key;

    [[nodiscard]] static base::Result<Processor> compile(model::ProcessorRule rule, Questions& questions);
    [[nodiscard]] bool changes() const { return !set.empty() || !rule.unset.empty() || message.has_value(); }
    void apply(model::Notification& notification, const model::Notification& source) const;
    [[nodiscard]] std::string told() const;
  };

  std::shared_ptr<const Questions> questions_;
  std::vector<Processor> processors_;
};

}  // namespace belfry::route
