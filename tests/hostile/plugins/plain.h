/* A minimal well-behaved plugin. Each plugin here includes it and replaces the part that misbehaves in customize().
 * Its state is static, so a library supports one instance at a time. */
#ifndef BELFRY_TESTS_PLAIN_H
#define BELFRY_TESTS_PLAIN_H

#include <belfry/plugin.h>
#include <string.h>

static const belfry_host* host;

static inline belfry_str text(const char* literal) {
  belfry_str str = {literal, strlen(literal)};
  return str;
}

static inline void say(const belfry_writer* out, const char* words) { out->write(out->ctx, text(words)); }

static inline void complete(belfry_ticket ticket, uint32_t code, const char* reason, const char* detail) {
  belfry_outcome outcome;
  memset(&outcome, 0, sizeof outcome);
  outcome.size = sizeof outcome;
  outcome.code = code;
  outcome.reason = text(reason);
  outcome.detail = text(detail);
  host->complete(host->ctx, ticket, &outcome);
}

static int32_t plain_configure(void* self, belfry_str config, const belfry_writer* problems) {
  (void)self, (void)config, (void)problems;
  return 0;
}
static int32_t plain_start(void* self, const belfry_writer* problem) {
  (void)self, (void)problem;
  return 0;
}
static void plain_deliver(void* self, const belfry_message* message) {
  (void)self;
  complete(message->ticket, BELFRY_DELIVERED, "ok", "");
}
static void plain_abandon(void* self, belfry_ticket ticket) { (void)self, (void)ticket; }
static void plain_event(void* self, belfry_ticket ticket, uint32_t kind, const void* payload) {
  (void)self, (void)ticket, (void)kind, (void)payload;
}
static void plain_stop(void* self, belfry_ticket done) {
  (void)self;
  complete(done, BELFRY_DELIVERED, "ok", "");
}
static void plain_destroy(void* self) { (void)self; }

static belfry_instance instance = {sizeof(belfry_instance), 0,           plain_configure, plain_start,   plain_deliver,
                                   plain_abandon,           plain_event, plain_stop,      plain_destroy, NULL};

static belfry_descriptor descriptor;
static uint32_t plain_count(void) { return 1; }
static const belfry_descriptor* plain_descriptor(uint32_t index) {
  (void)index;
  return &descriptor;
}
static int32_t plain_create(uint32_t index, const belfry_host* gateway, void** self, const belfry_instance** table) {
  (void)index;
  host = gateway;
  *self = NULL;
  *table = &instance;
  return 0;
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

BELFRY_EXPORT const belfry_plugin_entry* belfry_plugin_entry_v0(void) {
  descriptor.size = sizeof descriptor;
  descriptor.type = text("hostile");
  descriptor.title = text("A plugin for tests");
  descriptor.version = text("1.0");
  descriptor.license = text("MIT");
  descriptor.config_schema_json =
      text("{\"type\":\"object\",\"properties\":{\"do\":{\"type\":\"string\"},\"token\":{\"type\":\"string\",\"x-secret\":true}}}");
  customize();
  return &entry;
}

#endif
