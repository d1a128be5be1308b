/* A sink that appends one line per message to a file. Implements the plugin contract in plain C11, with only the header and the C library.
 *
 * The line is the message document as received (JSON has no raw line breaks), so other programs can read the file line by line.
 *
 * Writing to a file may block, which a call from the host must not. So deliver() queues a job for a thread of the host's offload pool, and
 * passes the address of the job as `user_data`. The event brings the address back when the job is done.
 */
#include <belfry/plugin.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sink {
  const belfry_host* host;
  const belfry_host_offload* offload;
  char* path;
  FILE* file;
  struct job* jobs;   /* in progress */
  belfry_ticket done; /* of stop(); 0: not stopping */
};

/* A line to write. Lives until its event, even if the delivery is abandoned before: a thread may be writing it. */
struct job {
  struct job* next;
  FILE* file;
  belfry_ticket ticket;
  int abandoned;
  int called; /* write_line() has run; if not, the delivery has ended */
  int error;  /* errno; 0: written */
  size_t length;
  char line[];
};

#define STR(literal) {literal, sizeof(literal) - 1}

static belfry_str text(const char* string) { return (belfry_str){string, strlen(string)}; }

static int equal(belfry_str a, const char* b) { return a.len == strlen(b) && memcmp(a.ptr, b, a.len) == 0; }

static void write_str(const belfry_writer* to, const char* sentence) { to->write(to->ctx, text(sentence)); }

static void complete(const struct sink* sink, belfry_ticket ticket, uint32_t code, const char* reason, const char* detail) {
  const belfry_outcome outcome = {.size = sizeof outcome, .code = code, .reason = text(reason), .detail = text(detail)};
  sink->host->complete(sink->host->ctx, ticket, &outcome);
}

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

static belfry_status configure(void* self, belfry_str config_json, const belfry_findings* findings) {
  struct sink* sink = self;
  sink->path = read_path(config_json);
  if (sink->path != NULL && sink->path[0] == '/') return BELFRY_OK;
  const belfry_finding finding = {.size = sizeof finding,
                                  .severity = BELFRY_FINDING_ERROR,
                                  .pointer = text("/path"),
                                  .text = text("the path is not absolute"),
                                  .remedy = text("write it from the root, such as /var/spool/messages.jsonl")};
  findings->add(findings->ctx, &finding);
  return BELFRY_FAILED;
}

/* A table of the host is accepted if it reaches the last function that is called. The descriptor requires the service, so this fails only
 * in a host that breaks the contract. A function that a later version of the header appends needs the same test before it is called. */
static int find_services(struct sink* sink) {
  sink->offload = sink->host->service(sink->host->ctx, text(BELFRY_HOST_OFFLOAD_1));
  return sink->offload != NULL && BELFRY_HAS(sink->offload, run_for);
}

static belfry_status start(void* self, const belfry_writer* problem) {
  struct sink* sink = self;
  if (!find_services(sink)) {
    write_str(problem, "this gateway does not offer " BELFRY_HOST_OFFLOAD_1);
    return BELFRY_FAILED;
  }
  sink->file = fopen(sink->path, "a");
  if (sink->file != NULL) {
    setvbuf(sink->file, NULL, _IONBF, 0); /* a line that could not be written must not appear later */
    return BELFRY_OK;
  }
  write_str(problem, "cannot open ");
  write_str(problem, sink->path);
  write_str(problem, ": ");
  write_str(problem, strerror(errno));
  return BELFRY_FAILED;
}

/* On a thread of the offload pool. in-flight/1 below limits the sink to one such thread at a time, so this needs no lock. */
static void write_line(void* arg, int64_t deadline_ms) {
  struct job* job = arg;
  (void)deadline_ms; /* the host completes a delivery that takes longer */
  const int written = fwrite(job->line, 1, job->length, job->file) == job->length;
  job->error = written ? 0 : errno;
  job->called = 1;
  if (!written) clearerr(job->file);
}

static void deliver(void* self, const belfry_message* message) {
  struct sink* sink = self;
  const belfry_str body = message->body_json;
  struct job* job = malloc(sizeof *job + body.len + 1);
  if (job == NULL) {
    complete(sink, message->ticket, BELFRY_RETRY, "out_of_memory", "no memory for the line");
    return;
  }
  *job = (struct job){.file = sink->file, .ticket = message->ticket, .length = body.len + 1};
  memcpy(job->line, body.ptr, body.len);
  job->line[body.len] = '\n';
  const belfry_host* host = sink->host;
  if (sink->offload->run_for(host->ctx, job->ticket, write_line, job, (uint64_t)(uintptr_t)job) == 0) {
    complete(sink, job->ticket, BELFRY_RETRY, "too_many_requests", "the gateway does not take more work");
    free(job);
    return;
  }
  job->next = sink->jobs;
  sink->jobs = job;
}

/* The host has ended the delivery. Its event still arrives, and frees the job. */
static void abandon(void* self, belfry_ticket ticket) {
  struct sink* sink = self;
  for (struct job* job = sink->jobs; job != NULL; job = job->next) {
    if (job->ticket == ticket) job->abandoned = 1;
  }
}

static void remove_job(struct sink* sink, const struct job* job) {
  struct job** link = &sink->jobs;
  while (*link != job) link = &(*link)->next;
  *link = job->next;
}

static void event(void* self, const belfry_event* event) {
  struct sink* sink = self;
  struct job* job = (struct job*)(uintptr_t)event->user_data;
  if (event->kind != BELFRY_EVENT_OFFLOAD || job == NULL) return;
  if (job->called && job->error == 0) {
    complete(sink, job->ticket, BELFRY_DELIVERED, "delivered", ""); /* even late: the host then makes no other attempt */
  } else if (job->called && !job->abandoned) {
    complete(sink, job->ticket, BELFRY_RETRY, "write_failed", strerror(job->error));
  }
  remove_job(sink, job);
  free(job);
  if (sink->done != 0 && sink->jobs == NULL) sink->host->stopped(sink->host->ctx, sink->done);
}

/* Lets the jobs finish. After the deadline, the host goes on without the sink. */
static void stop(void* self, belfry_ticket done, int64_t deadline_ms) {
  struct sink* sink = self;
  (void)deadline_ms;
  sink->done = done;
  if (sink->jobs == NULL) sink->host->stopped(sink->host->ctx, done);
}

/* No job is left, since stop() waits for their events. */
static void destroy(void* self) {
  struct sink* sink = self;
  if (sink->file != NULL) fclose(sink->file);
  free(sink->path);
  free(sink);
}

static uint32_t max_in_flight(void* self) {
  (void)self;
  return 1;
}

static const void* extension(void* self, belfry_str id) {
  static const belfry_sink_in_flight in_flight = {.size = sizeof in_flight, .flags = BELFRY_IN_FLIGHT_OFFLOADED, .max = max_in_flight};
  (void)self;
  return equal(id, BELFRY_SINK_IN_FLIGHT_1) ? &in_flight : NULL;
}

static uint32_t count(void) { return 1; }

static const belfry_descriptor* descriptor(uint32_t index) {
  static const belfry_str services[] = {STR(BELFRY_HOST_OFFLOAD_1)};
  static const belfry_descriptor only = {
      .size = sizeof only,
      .type = STR("file"),
      .title = STR("Appends messages to a file"),
      .version = STR("1.0.0"),
      .license = STR("MIT"),
      .config_schema_json = STR("{\"type\":\"object\",\"required\":[\"path\"],\"additionalProperties\":false,"
                                "\"properties\":{\"path\":{\"type\":\"string\",\"pattern\":\"^[^\\\"\\\\\\\\]+$\"}}}"),
      .access = BELFRY_ACCESS_FILES,
      .services = services,
      .service_count = sizeof services / sizeof services[0]};
  return index == 0 ? &only : NULL;
}

static belfry_status create(belfry_str type, const belfry_host* host, void** self, const belfry_sink_api** api) {
  static const belfry_sink_api table = {.size = sizeof table,
                                        .configure = configure,
                                        .start = start,
                                        .deliver = deliver,
                                        .abandon = abandon,
                                        .event = event,
                                        .stop = stop,
                                        .destroy = destroy,
                                        .extension = extension};
  (void)type; /* the descriptor has only one */
  struct sink* sink = calloc(1, sizeof *sink);
  if (sink == NULL) return BELFRY_FAILED;
  sink->host = host;
  *self = sink;
  *api = &table;
  return BELFRY_OK;
}

const belfry_plugin_entry* belfry_plugin_entry_v1(void) {
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
