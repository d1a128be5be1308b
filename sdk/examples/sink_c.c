/* A sink that appends one line per message to a file. Implements the plugin contract in plain C11, with only the header and the C library.
 *
 * The line is the message document as received (JSON has no raw line breaks), so other programs can read the file line by line.
 */
#include <belfry/plugin.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sink {
  belfry_host host;
  char* path;
  FILE* file;
};

static belfry_str text(const char* string) { return (belfry_str){string, strlen(string)}; }

static void write_str(const belfry_writer* to, const char* sentence) { to->write(to->ctx, text(sentence)); }

/* Returns the value of "path". The host has validated config_json against the schema below: "path" is its only member, and a string
 * without escapes. */
static char* read_path(belfry_str config) {
  static const char key[] = "\"path\"";
  const char* const end = config.ptr + config.len;
  const char* at = config.ptr;
  while (at + sizeof key <= end && memcmp(at, key, sizeof key - 1) != 0) ++at;
  if (at + sizeof key > end) return NULL;
  at = memchr(at + sizeof key - 1, '"', (size_t)(end - at) - (sizeof key - 1));
  if (at == NULL) return NULL;
  const char* const close = memchr(at + 1, '"', (size_t)(end - at) - 1);
  if (close == NULL) return NULL;
  const size_t length = (size_t)(close - at) - 1;
  char* path = malloc(length + 1);
  if (path == NULL) return NULL;
  memcpy(path, at + 1, length);
  path[length] = '\0';
  return path;
}

static void complete(const struct sink* sink, belfry_ticket ticket, uint32_t code, const char* reason, const char* detail) {
  const belfry_outcome outcome = {
      .size = sizeof outcome, .code = code, .reason = text(reason), .detail = text(detail), .receipt_json = text("")};
  sink->host.complete(sink->host.ctx, ticket, &outcome);
}

static int32_t configure(void* self, belfry_str config_json, const belfry_writer* problems) {
  struct sink* sink = self;
  sink->path = read_path(config_json);
  if (sink->path != NULL && sink->path[0] == '/') return 0;
  write_str(problems, "/path\tmust be an absolute path\n");
  return 1;
}

static int32_t start(void* self, const belfry_writer* problem) {
  struct sink* sink = self;
  sink->file = fopen(sink->path, "a");
  if (sink->file != NULL) return 0;
  write_str(problem, "cannot open ");
  write_str(problem, sink->path);
  write_str(problem, ": ");
  write_str(problem, strerror(errno));
  return 1;
}

static void deliver(void* self, const belfry_message* message) {
  struct sink* sink = self;
  const size_t length = message->body_json.len;
  const int written = fwrite(message->body_json.ptr, 1, length, sink->file) == length && fputc('\n', sink->file) != EOF;
  if (written && fflush(sink->file) == 0) {
    complete(sink, message->ticket, BELFRY_DELIVERED, "delivered", "");
  } else {
    clearerr(sink->file);
    complete(sink, message->ticket, BELFRY_RETRY, "write_failed", strerror(errno));
  }
}

/* Nothing to free: deliver() completes its ticket before it returns. This sink requests nothing from the host, so it gets no events. */
static void abandon(void* self, belfry_ticket ticket) {
  (void)self;
  (void)ticket;
}

static void event(void* self, belfry_ticket ticket, uint32_t kind, const void* payload) {
  (void)self;
  (void)ticket;
  (void)kind;
  (void)payload;
}

static void stop(void* self, belfry_ticket done) { complete(self, done, BELFRY_DELIVERED, "stopped", ""); }

static void destroy(void* self) {
  struct sink* sink = self;
  if (sink->file != NULL) fclose(sink->file);
  free(sink->path);
  free(sink);
}

static const belfry_instance instance_table = {.size = sizeof(belfry_instance),
                                               .configure = configure,
                                               .start = start,
                                               .deliver = deliver,
                                               .abandon = abandon,
                                               .event = event,
                                               .stop = stop,
                                               .destroy = destroy};

static uint32_t count(void) { return 1; }

#define STR(literal) {literal, sizeof(literal) - 1}

static const belfry_descriptor* descriptor(uint32_t index) {
  static const belfry_descriptor only = {
      .size = sizeof only,
      .type = STR("file"),
      .title = STR("Appends messages to a file"),
      .version = STR("1.0.0"),
      .license = STR("MIT"),
      .config_schema_json = STR("{\"type\":\"object\",\"required\":[\"path\"],\"additionalProperties\":false,"
                                "\"properties\":{\"path\":{\"type\":\"string\",\"pattern\":\"^[^\\\"\\\\\\\\]+$\"}}}")};
  return index == 0 ? &only : NULL;
}

static int32_t create(uint32_t index, const belfry_host* host, void** self, const belfry_instance** instance) {
  struct sink* sink = index == 0 ? calloc(1, sizeof *sink) : NULL;
  if (sink == NULL) return 1;
  memcpy(&sink->host, host, host->size < sizeof sink->host ? host->size : sizeof sink->host);
  *self = sink;
  *instance = &instance_table;
  return 0;
}

const belfry_plugin_entry* belfry_plugin_entry_v0(void) {
  static const belfry_plugin_entry entry = {.size = sizeof entry,
                                            .magic = BELFRY_PLUGIN_MAGIC,
                                            .abi_major = BELFRY_ABI_MAJOR,
                                            .abi_minor = BELFRY_ABI_MINOR,
                                            .needs_host_minor = 0,
                                            .count = count,
                                            .descriptor = descriptor,
                                            .create = create};
  return &entry;
}
