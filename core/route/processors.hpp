// The processors of the pipeline: drop notifications, or change them before routing. Pure.
// Thread rule: immutable, any thread. Ownership: copies share the compiled rules.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/pipeline.hpp"
#include "render/message_template.hpp"
#include "route/matcher.hpp"
#include "route/redactor.hpp"
#include "route/trace.hpp"

namespace belfry::route {

// Results of the processors apart from the changed notification.
struct ProcessorResult {
  struct Dropped {
    std::string by;
    std::string reason;
    std::string because = {};  // the values that its condition matched, as describe(); redacted like the stored notification
    bool operator==(const Dropped&) const = default;
  };
  struct Dedupe {
    std::string key;
    base::Millis window{};
    std::string by;          // the processor
    std::string shown = {};  // the key as people may read it: redacted, bounded, and never that of a sensitive notification
    bool operator==(const Dedupe&) const = default;
  };
  std::optional<Dropped> dropped;
  std::optional<Dedupe> dedupe;      // of the last matching processor that sets one
  std::vector<std::string> applied;  // names of the processors that matched, in order

  bool operator==(const ProcessorResult&) const = default;
};

class Processors {
 public:
  // ErrorCode::invalid: the message names the processor and its error.
  [[nodiscard]] static base::Result<Processors> compile(std::vector<model::ProcessorRule> rules);

  // Each processor sees the result of the ones before it. After one drops the notification, the others only redact, because a dropped
  // notification is stored too. A processor can make `sensitive` and `max_age` stricter than the source set them, never less strict.
  // `trace`, unless null, records each processor's decision; null costs nothing.
  [[nodiscard]] ProcessorResult run(model::Notification& notification, std::vector<Trace::Entry>* trace = nullptr) const;

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
    std::optional<render::MessageTemplate> message;
    std::optional<render::Template> dedupe_key;

    [[nodiscard]] static base::Result<Processor> compile(model::ProcessorRule rule, MatchCache& match_cache);
    [[nodiscard]] bool changes() const { return !set.empty() || !rule.unset.empty() || message.has_value(); }
    void apply(model::Notification& notification, const model::Notification& source) const;
    [[nodiscard]] std::string summary() const;
  };

  std::shared_ptr<const MatchCache> match_cache_;
  std::vector<Processor> processors_;
};

}  // namespace belfry::route
