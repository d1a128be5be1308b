// Predicts what the running gateway would do with a payload, without sending or storing anything.
// Thread rule: any thread; a handler is called exactly once, on any thread.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace belfry::api::web {

struct PreviewRequest {
  std::string payload;
  std::string source;  // name in the configuration; empty: the first
};

struct PreviewedMessage {
  nlohmann::json requests;  // see plugin::Instance::render(); null if `problem` is set
  std::string problem;      // why the message cannot be shown, one sentence
};

struct Preview {
  nlohmann::json explanation;              // the document of `belfry explain --json`
  std::vector<PreviewedMessage> messages;  // one for each of its `deliveries`
};

struct PreviewBackend {
  std::function<std::vector<std::string>()> sources;  // names
  // ErrorCode::invalid: the payload is wrong. ErrorCode::unavailable: another preview is in progress.
  std::function<void(PreviewRequest, store::Handler<Preview>)> run;
};

}  // namespace belfry::api::web
