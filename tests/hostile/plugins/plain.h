/* A minimal well-behaved plugin. Each plugin here includes it and replaces the part that misbehaves in customize().
 * Its state is static, so a library supports one sink at a time. */
#ifndef BELFRY_TESTS_PLAIN_H
#define BELFRY_TESTS_PLAIN_H

#include <belfry/plugin.h>
#include <string.h>
#include <sys/resource.h>

static const belfry_host* host;
static belfry_descriptor descriptor;
static belfry_str declared[16];
static char configuration[256];

static inline belfry_str text(const char* literal) {
  belfry_str str = {literal, strlen(literal)};
  return str;
}

static inline int is(belfry_str id, const char* known) { return id.len == strlen(known) && memcmp(id.ptr, known, id.len) == 0; }

/* For customize(): declares a service. Log, clock, metrics and secrets need no declaration. */
static inline void declare(const char* id) {
  declared[descriptor.service_count++] = text(id);
  descriptor.services = declared;
}

static inline const void* service(const char* id) { return host->service(host->ctx, text(id)); }

/* A service as a pointer to its table: SERVICE(belfry_host_kv, BELFRY_HOST_KV_1)->get(...) */
#define SERVICE(type, id) ((const type*)service(id))

static inline belfry_status say(const belfry_writer* out, const char* words) { return out->write(out->ctx, text(words)); }

static inline belfry_status report(const belfry_findings* findings, uint32_t severity, const char* pointer, const char* words) {
  belfry_finding finding;
  memset(&finding, 0, sizeof finding);
  finding.size = sizeof finding;
  finding.severity = severity;
  finding.pointer = text(pointer);
  finding.text = text(words);
  return findings->add(findings->ctx, &finding);
}

static inline void complete(belfry_ticket ticket, uint32_t code, const char* reason, const char* detail) {
  belfry_outcome outcome;
  memset(&outcome, 0, sizeof outcome);
  outcome.size = sizeof outcome;
  outcome.code = code;
  outcome.reason = text(reason);
  outcome.detail = text(detail);
  host->complete(host->ctx, ticket, &outcome);
}

/* An alternative to plain_configure() for plugins that do as configured. The token comes last and is left out. */
static inline belfry_status keep_configuration(void* self, belfry_str config, const belfry_findings* findings) {
  (void)self, (void)findings;
  const size_t size = config.len < sizeof configuration - 1 ? config.len : sizeof configuration - 1;
  memcpy(configuration, config.ptr, size);
  configuration[size] = 0;
  char* const token = strstr(configuration, "\"token\"");
  if (token != NULL) *token = 0;
  return BELFRY_OK;
}
static inline int configured_to(const char* what) { return strstr(configuration, what) != NULL; }

/* Only the probe process has a limit on CPU time. */
static inline int in_probe(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_CPU, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

static belfry_status plain_configure(void* self, belfry_str config, const belfry_findings* findings) {
  (void)self, (void)config, (void)findings;
  return BELFRY_OK;
}
static belfry_status plain_start(void* self, const belfry_writer* problem) {
  (void)self, (void)problem;
  return BELFRY_OK;
}
static void plain_deliver(void* self, const belfry_message* message) {
  (void)self;
  complete(message->ticket, BELFRY_DELIVERED, "ok", "");
}
static void plain_abandon(void* self, belfry_ticket ticket) { (void)self, (void)ticket; }
static void plain_event(void* self, const belfry_event* event) { (void)self, (void)event; }
static void plain_stop(void* self, belfry_ticket done, int64_t deadline_ms) {
  (void)self, (void)deadline_ms;
  host->stopped(host->ctx, done);
}
static void plain_destroy(void* self) { (void)self; }

static belfry_sink_api api = {sizeof(belfry_sink_api), 0,           plain_configure, plain_start,   plain_deliver,
                              plain_abandon,           plain_event, plain_stop,      plain_destroy, NULL};

static uint32_t plain_count(void) { return 1; }
static const belfry_descriptor* plain_descriptor(uint32_t index) {
  (void)index;
  return &descriptor;
}
static belfry_status plain_create(belfry_str type, const belfry_host* gateway, void** self, const belfry_sink_api** table) {
  (void)type;
  host = gateway;
  *self = NULL;
  *table = &api;
  return BELFRY_OK;
}
static belfry_plugin_entry entry = {sizeof(belfry_plugin_entry),
                                    BELFRY_PLUGIN_MAGIC,
                                    BELFRY_ABI_MAJOR,
                                    BELFRY_ABI_MINOR,
                                    0,
                                    0,
                                    plain_count,
                                    plain_descriptor,
                                    plain_create};

static void customize(void);

BELFRY_EXPORT const belfry_plugin_entry* belfry_plugin_entry_v1(void) {
  descriptor.size = sizeof descriptor;
  descriptor.type = text("hostile");
  descriptor.title = text("A plugin for tests");
  descriptor.version = text("1.0");
  descriptor.license = text("MIT");
  descriptor.config_schema_json = text(
      "{\"type\":\"object\",\"properties\":{\"do\":{\"type\":\"string\"},"
      "\"token\":{\"type\":\"string\",\"x-secret\":true,\"x-account\":true}}}");
  descriptor.service_count = 0;
  customize();
  return &entry;
}

#endif
