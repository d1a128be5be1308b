// Every key of the configuration, section by section. belfry.schema.json says the same to editors; a test compares the two.
#pragma once
#include <array>
#include <string_view>

namespace belfry::config {

struct Vocabulary {
  std::string_view section;  // "sinks.*.delivery": * is a name, [] an entry of a list
  std::string_view keys;     // separated by spaces
  std::string_view later;    // keys of the documented format that this version refuses
};

inline constexpr Vocabulary kRootWords{"", "version include watch server admin store plugins sources sinks pipeline storm", "canary"};
// Those that an included file may have.
inline constexpr std::string_view kIncludedWords = "plugins sources sinks pipeline";
inline constexpr Vocabulary kServerWords{"server",
                                         "listen tls max_body max_body_memory threads max_connections max_connections_per_address", ""};
inline constexpr Vocabulary kTlsWords{"server.tls", "certificate key client_ca", ""};
inline constexpr Vocabulary kAdminWords{"admin", "listen token", ""};
inline constexpr Vocabulary kStoreWords{"store", "driver path retention", "postgres url"};
inline constexpr Vocabulary kPluginsWords{"plugins", "directories", ""};
inline constexpr Vocabulary kSourceWords{"sources.*", "type path auth catalogue", ""};
inline constexpr Vocabulary kAuthWords{"sources.*.auth", "basic bearer client_certificate", ""};
inline constexpr Vocabulary kBasicWords{"sources.*.auth.basic", "username password", ""};
inline constexpr Vocabulary kSinkWords{"sinks.*", "plugin config http delivery", "isolation"};
inline constexpr Vocabulary kHttpWords{"sinks.*.http", "proxy ca_file client_certificate client_key", ""};
inline constexpr Vocabulary kDeliveryWords{"sinks.*.delivery", "timeout max_age concurrency rate rate_per_recipient", ""};
inline constexpr Vocabulary kPipelineWords{"pipeline", "processors routes", ""};
inline constexpr Vocabulary kStormWords{"storm", "after", ""};
inline constexpr Vocabulary kProcessorWords{"pipeline.processors[]", "name when drop set unset redact message dedupe", ""};
inline constexpr Vocabulary kRedactionWords{"pipeline.processors[].redact[]", "pattern with", ""};
inline constexpr Vocabulary kDedupeWords{"pipeline.processors[].dedupe", "key window", ""};
inline constexpr Vocabulary kRouteWords{
    "pipeline.routes[]", "name when to fallback continue max_age allow_sensitive quiet_hours digest throttle message routes", ""};
inline constexpr Vocabulary kQuietWords{"pipeline.routes[].quiet_hours", "from to days time_zone except", ""};
inline constexpr Vocabulary kDigestWords{"pipeline.routes[].digest", "key window at time_zone", ""};
inline constexpr Vocabulary kThrottleWords{"pipeline.routes[].throttle", "key most window", ""};
inline constexpr Vocabulary kMessageWords{"pipeline.routes[].message", "title body actions", ""};
inline constexpr Vocabulary kActionWords{"pipeline.routes[].message.actions[]", "label url", ""};

inline constexpr std::array kAllWords{kRootWords,     kServerWords,    kTlsWords,    kAdminWords, kStoreWords, kPluginsWords,
                                      kSourceWords,   kAuthWords,      kBasicWords,  kSinkWords,  kHttpWords,  kDeliveryWords,
                                      kPipelineWords, kProcessorWords, kDedupeWords, kRouteWords, kQuietWords, kDigestWords,
                                      kThrottleWords, kMessageWords,   kActionWords, kStormWords};

// Of `when`: paths of a notification (labels.X and data.X.Y besides), nested conditions, and what stands in place of a value.
inline constexpr std::string_view kPaths =
    "source name template_id title body recipient.email recipient.name recipient.username severity sensitive";
inline constexpr std::string_view kNesting = "all any none";
inline constexpr std::string_view kOperators = "eq not exists gt ge lt le";

}  // namespace belfry::config
