// Every key of the configuration, by section. belfry.schema.json publishes the same keys for editors; a test compares the two.
#pragma once
#include <array>
#include <string_view>

namespace belfry::config {

struct SectionKeys {
  std::string_view section;  // "sinks.*.delivery": * is a name, [] an entry of a list
  std::string_view keys;     // separated by spaces
  std::string_view later;    // documented keys that this version does not support
};

inline constexpr SectionKeys kRootKeys{"", "version include watch server admin log store plugins sources sinks pipeline storm canary", ""};
// Top-level keys that an included file may have.
inline constexpr std::string_view kIncludedKeys = "plugins sources sinks pipeline";
inline constexpr SectionKeys kServerKeys{"server",
                                         "listen tls max_body max_body_memory threads max_connections max_connections_per_address", ""};
inline constexpr SectionKeys kTlsKeys{"server.tls", "certificate key client_ca", ""};
inline constexpr SectionKeys kAdminKeys{"admin", "listen token tokens hosts", ""};
inline constexpr SectionKeys kLogKeys{"log", "format level", ""};
inline constexpr SectionKeys kStoreKeys{"store", "driver path retention", "postgres url"};
inline constexpr SectionKeys kPluginsKeys{"plugins", "directories", ""};
inline constexpr SectionKeys kSourceKeys{"sources.*", "type path auth catalogue", ""};
inline constexpr SectionKeys kAuthKeys{"sources.*.auth", "basic bearer client_certificate", ""};
inline constexpr SectionKeys kBasicKeys{"sources.*.auth.basic", "username password", ""};
inline constexpr SectionKeys kSinkKeys{"sinks.*", "plugin config http delivery", "isolation"};
inline constexpr SectionKeys kHttpKeys{"sinks.*.http", "proxy ca_file client_certificate client_key", ""};
inline constexpr SectionKeys kDeliveryKeys{"sinks.*.delivery", "timeout max_age concurrency rate rate_per_recipient", ""};
inline constexpr SectionKeys kPipelineKeys{"pipeline", "processors routes", ""};
inline constexpr SectionKeys kStormKeys{"storm", "after", ""};
inline constexpr SectionKeys kCanaryKeys{"canary", "every to", ""};
inline constexpr SectionKeys kProcessorKeys{"pipeline.processors[]", "name when drop set unset redact message dedupe", ""};
inline constexpr SectionKeys kRedactionKeys{"pipeline.processors[].redact[]", "pattern with", ""};
inline constexpr SectionKeys kDedupeKeys{"pipeline.processors[].dedupe", "key window", ""};
inline constexpr SectionKeys kRouteKeys{
    "pipeline.routes[]", "name when to fallback continue max_age allow_sensitive quiet_hours digest throttle message routes", ""};
inline constexpr SectionKeys kQuietKeys{"pipeline.routes[].quiet_hours", "from to days time_zone except", ""};
inline constexpr SectionKeys kDigestKeys{"pipeline.routes[].digest", "key window at time_zone", ""};
inline constexpr SectionKeys kThrottleKeys{"pipeline.routes[].throttle", "key most window", ""};
inline constexpr SectionKeys kMessageKeys{"pipeline.routes[].message", "title body actions", ""};
inline constexpr SectionKeys kActionKeys{"pipeline.routes[].message.actions[]", "label url", ""};

inline constexpr std::array kAllSections{kRootKeys,     kServerKeys,   kTlsKeys,       kAdminKeys,  kLogKeys,   kStoreKeys,
                                         kPluginsKeys,  kSourceKeys,   kAuthKeys,      kBasicKeys,  kSinkKeys,  kHttpKeys,
                                         kDeliveryKeys, kPipelineKeys, kProcessorKeys, kDedupeKeys, kRouteKeys, kQuietKeys,
                                         kDigestKeys,   kThrottleKeys, kMessageKeys,   kActionKeys, kStormKeys, kCanaryKeys};

// Keys of `when`: paths of a notification (besides labels.X and data.X.Y), nested conditions, and operators.
inline constexpr std::string_view kPaths =
    "source name template_id title body recipient.email recipient.name recipient.username severity sensitive";
inline constexpr std::string_view kNesting = "all any none";
inline constexpr std::string_view kOperators = "eq not exists gt ge lt le";

}  // namespace belfry::config
