// Belfry's C++ plugin SDK: header-only C++23. Depends only on nlohmann/json and RapidJSON, both header-only; a plugin links nothing from
// the gateway.
//
//     class MySink final : public belfry::Sink {
//      public:
//       belfry::Findings configure(const belfry::Config& config) override;
//       belfry::Task<belfry::Outcome> deliver(belfry::Message message) override;
//     };
//     BELFRY_PLUGIN(MySink, "my", kSchema, .title = "My sink", .version = "1.0", .license = "MIT", .services = {BELFRY_HOST_HTTP_CLIENT_1})
//
// Start with sink.hpp. sdk/README.md walks through a complete sink.
#pragma once
#include "belfry/sdk/instance.hpp"

// Version of this C++ interface, which is compiled into each plugin. The ABI has a version of its own, BELFRY_ABI_MAJOR.BELFRY_ABI_MINOR.
//
// A plugin that compiles with version 1.x, and uses nothing from namespaces named detail, compiles with every later 1.y. A minor version
// may add functions, overloads, virtual functions with a default, enumerators, and members at the end of a struct. Nothing is removed
// before it has been marked [[deprecated]], with its replacement, in at least one minor version, and then only in a new major version.
#define BELFRY_SDK_VERSION_MAJOR 1
#define BELFRY_SDK_VERSION_MINOR 0
#define BELFRY_SDK_VERSION_PATCH 0
// For comparisons: 10203 is version 1.2.3.
#define BELFRY_SDK_VERSION (BELFRY_SDK_VERSION_MAJOR * 10000 + BELFRY_SDK_VERSION_MINOR * 100 + BELFRY_SDK_VERSION_PATCH)

namespace belfry {

using sdk::Action;
using sdk::AttemptInfo;
using sdk::Audience;
using sdk::BlockingSink;
using sdk::BucketKey;
using sdk::ChecksOnline;
using sdk::Clock;
using sdk::Config;
using sdk::ConfigError;
using sdk::Destination;
using sdk::find_header;
using sdk::Finding;
using sdk::Findings;
using sdk::Header;
using sdk::Headers;
using sdk::Http;
using sdk::http_outcome;
using sdk::HttpError;
using sdk::HttpRequest;
using sdk::HttpResult;
using sdk::Inbound;
using sdk::InboundReply;
using sdk::InboundRequest;
using sdk::InboundRoute;
using sdk::Item;
using sdk::Kv;
using sdk::KvResult;
using sdk::LimitScope;
using sdk::Log;
using sdk::Message;
using sdk::Metrics;
using sdk::Millis;
using sdk::MonotonicTime;
using sdk::Offload;
using sdk::Outcome;
using sdk::OutcomeError;
using sdk::RateLimit;
using sdk::Recipient;
using sdk::Recipients;
using sdk::ReconcileResult;
using sdk::Reconciles;
using sdk::Renders;
using sdk::Scope;
using sdk::Secret;
using sdk::Services;
using sdk::Signal;
using sdk::SingleFlight;
using sdk::Sink;
using sdk::Task;
using sdk::Timestamp;
using sdk::Verification;
using sdk::Wakeup;
using sdk::WebSocket;
using sdk::WebSocketConnection;
using sdk::WebSocketEvent;
using sdk::WebSocketRequest;

}  // namespace belfry

// Exports the plugin's entry function. The schema is followed by designated initializers of belfry::sdk::PluginInfo, in declaration order.
#define BELFRY_PLUGIN(Class, type_text, schema_text, ...)                                                                    \
  namespace {                                                                                                                \
  constexpr ::belfry::sdk::PluginInfo belfry_plugin_info{.type = type_text, .config_schema_json = schema_text, __VA_ARGS__}; \
  }                                                                                                                          \
  extern "C" BELFRY_EXPORT const belfry_plugin_entry* belfry_plugin_entry_v1(void) {                                         \
    return ::belfry::sdk::detail::Entry<Class, belfry_plugin_info>::table();                                                 \
  }
