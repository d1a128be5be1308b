/* Never edit: the binary beside it is built from this text.
 *
 * A complete sink for version 1.0 of the ABI: it uses every service, makes every kind of request, and has every extension. Each delivery
 * takes the steps below, one after the other, and lists their results in the detail of its outcome.
 */
/* clang-format off: a later version of the formatter must not edit this either. */
#include <belfry/plugin.h>
#include <stdlib.h>
#include <string.h>

#define STR(literal) {literal, sizeof(literal) - 1}
#define TEXT(literal) (belfry_str) STR(literal)

/* The tables of the services. Each reaches the last function that it has in version 1.0. */
struct services {
  const belfry_host_http_client* http;
  const belfry_host_websocket* websocket; /* optional */
  const belfry_host_log* log;
  const belfry_host_clock* clock;
  const belfry_host_metrics* metrics;
  const belfry_host_kv* kv;
  const belfry_host_rate_limit* rate_limit;
  const belfry_host_recipients* recipients; /* optional */
  const belfry_host_secrets* secrets;
  const belfry_host_offload* offload;
  const belfry_host_inbound_http* inbound;
  const belfry_host_reconcile* reconcile;
  const belfry_host_check_online* check_online;
};

struct sink {
  const belfry_host* host;
  struct services use;
  char url[256];
  char websocket[256];
  char token[256]; /* a reference for secrets/1 */
  struct job* jobs;
  belfry_ticket done; /* of stop(); 0: not stopping */
};

/* The steps of a delivery, in this order. */
enum step {
  STEP_WORK,
  STEP_PUT,
  STEP_GET,
  STEP_ERASE,
  STEP_ACCOUNT,
  STEP_TIMER,
  STEP_HTTP,
  STEP_GRANT,
  STEP_RUN,
  STEP_WEBSOCKET,
  STEP_END
};

enum purpose { FOR_DELIVERY, FOR_RECONCILE, FOR_CHECK };

/* A ticket of the host that is in progress. Its address is the `user_data` of its requests. */
struct job {
  struct job* next;
  struct sink* sink;
  enum purpose purpose;
  belfry_ticket ticket;
  enum step step;
  belfry_ticket request; /* of the step */
  belfry_ticket wake;    /* of STEP_RUN; set by a thread of the offload pool, and read after the event of `request` */
  int offloaded;         /* `request` is offloaded, so its event always arrives */
  int woken;             /* of STEP_RUN */
  int in_time;           /* of STEP_WORK: called before its deadline */
  int dropped;           /* the ticket has ended: to be freed with the event of `request` */
  char delivery_id[BELFRY_MAX_KV_KEY_BYTES];
  size_t delivery_id_length;
  char report[BELFRY_MAX_DETAIL_BYTES];
  size_t report_length;
};

/* ---- Text ------------------------------------------------------------------------------------------------------------ */

static belfry_str text(const char* string) { return (belfry_str){string, strlen(string)}; }

static int equal(belfry_str a, belfry_str b) { return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0); }

/* Text of limited length, always terminated. A piece that does not fit is left out. */
struct buffer {
  char bytes[512];
  size_t length;
};

static belfry_status append(void* ctx, belfry_str piece) {
  struct buffer* buffer = ctx;
  if (piece.len >= sizeof buffer->bytes - buffer->length) return BELFRY_FAILED;
  if (piece.len != 0) memcpy(buffer->bytes + buffer->length, piece.ptr, piece.len);
  buffer->length += piece.len;
  buffer->bytes[buffer->length] = '\0';
  return BELFRY_OK;
}

static belfry_str contents(const struct buffer* buffer) { return (belfry_str){buffer->bytes, buffer->length}; }

static void report(struct job* job, belfry_str piece) {
  if (piece.len > sizeof job->report - job->report_length) return;
  if (piece.len != 0) memcpy(job->report + job->report_length, piece.ptr, piece.len);
  job->report_length += piece.len;
}

/* "NAME:NUMBER ", for a number below 1,000 */
static void report_number(struct job* job, const char* name, uint32_t number) {
  const char digits[] = {(char)('0' + number / 100 % 10), (char)('0' + number / 10 % 10), (char)('0' + number % 10)};
  const size_t leading = number < 10 ? 2 : number < 100 ? 1 : 0;
  report(job, text(name));
  report(job, TEXT(":"));
  report(job, (belfry_str){digits + leading, sizeof digits - leading});
  report(job, TEXT(" "));
}

static void report_word(struct job* job, const char* word) {
  report(job, text(word));
  report(job, TEXT(" "));
}

/* Finds the string "name": "value" in a JSON document whose strings need no other escape than \/. Leaves `value` empty if there is none. */
static void read_member(belfry_str document, const char* name, char* value, size_t capacity) {
  const size_t name_length = strlen(name);
  const char* const end = document.ptr + document.len;
  const char* at = document.ptr;
  size_t length = 0;
  for (; at + name_length + 2 < end; ++at) {
    if (*at == '"' && memcmp(at + 1, name, name_length) == 0 && at[name_length + 1] == '"') break;
  }
  if (at + name_length + 2 >= end) at = end;
  if (at < end) at += name_length + 2;
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r' || *at == ':')) ++at;
  if (at < end && *at == '"') {
    for (++at; at < end && *at != '"' && length + 1 < capacity; ++at) {
      if (*at != '\\') value[length++] = *at;
    }
  }
  value[length] = '\0';
}

/* ---- Services -------------------------------------------------------------------------------------------------------- */

#define REQUIRE(member, id, last)                        \
  sink->use.member = host->service(host->ctx, TEXT(id)); \
  if (sink->use.member == NULL || !BELFRY_HAS(sink->use.member, last)) return id

#define OPTIONAL(member, id, last)                       \
  sink->use.member = host->service(host->ctx, TEXT(id)); \
  if (sink->use.member != NULL && !BELFRY_HAS(sink->use.member, last)) sink->use.member = NULL

/* Returns the id of a service that is missing, or null. */
static const char* find_services(struct sink* sink) {
  const belfry_host* host = sink->host;
  REQUIRE(http, BELFRY_HOST_HTTP_CLIENT_1, send);
  REQUIRE(log, BELFRY_HOST_LOG_1, write);
  REQUIRE(clock, BELFRY_HOST_CLOCK_1, start_timer);
  REQUIRE(metrics, BELFRY_HOST_METRICS_1, gauge_set);
  REQUIRE(kv, BELFRY_HOST_KV_1, put);
  REQUIRE(rate_limit, BELFRY_HOST_RATE_LIMIT_1, wait_time_ms);
  REQUIRE(secrets, BELFRY_HOST_SECRETS_1, add_secret);
  REQUIRE(offload, BELFRY_HOST_OFFLOAD_1, run_for);
  REQUIRE(inbound, BELFRY_HOST_INBOUND_HTTP_1, reply);
  REQUIRE(reconcile, BELFRY_HOST_RECONCILE_1, settle);
  REQUIRE(check_online, BELFRY_HOST_CHECK_ONLINE_1, end);
  OPTIONAL(websocket, BELFRY_HOST_WEBSOCKET_1, close);
  OPTIONAL(recipients, BELFRY_HOST_RECIPIENTS_1, set_time_zone);
  return NULL;
}

static void reveal_token(struct sink* sink, struct buffer* out) {
  const belfry_writer writer = {out, append};
  if (sink->use.secrets->reveal(sink->host->ctx, text(sink->token), &writer) != BELFRY_OK) out->length = 0;
}

/* ---- Jobs ------------------------------------------------------------------------------------------------------------ */

static struct job* new_job(struct sink* sink, enum purpose purpose, belfry_ticket ticket, belfry_str delivery_id) {
  struct job* job = calloc(1, sizeof *job);
  if (job == NULL) return NULL;
  job->sink = sink;
  job->purpose = purpose;
  job->ticket = ticket;
  job->delivery_id_length = delivery_id.len < sizeof job->delivery_id ? delivery_id.len : sizeof job->delivery_id;
  if (delivery_id.len != 0) memcpy(job->delivery_id, delivery_id.ptr, job->delivery_id_length);
  job->next = sink->jobs;
  sink->jobs = job;
  return job;
}

static belfry_str key_of(const struct job* job) { return (belfry_str){job->delivery_id, job->delivery_id_length}; }

/* Frees a job, and reports that the sink has stopped when it was the last one. */
static void remove_job(struct job* job) {
  struct sink* sink = job->sink;
  const belfry_host* host = sink->host;
  struct job** link = &sink->jobs;
  while (*link != job) link = &(*link)->next;
  *link = job->next;
  if (job->wake != 0) host->cancel(host->ctx, job->wake); /* has no effect if its event has arrived */
  free(job);
  if (sink->done != 0 && sink->jobs == NULL) host->stopped(host->ctx, sink->done);
}

/* The ticket has ended, or ends now. Offloaded work keeps its argument, the job, until its event. */
static void drop(struct job* job) {
  const belfry_host* host = job->sink->host;
  job->dropped = 1;
  if (job->request != 0) host->cancel(host->ctx, job->request);
  if (!job->offloaded) remove_job(job);
}

static void complete(struct sink* sink, belfry_ticket ticket, uint32_t code, belfry_str reason, belfry_str detail, belfry_str receipt) {
  const belfry_outcome outcome = {.size = sizeof outcome, .code = code, .reason = reason, .detail = detail, .receipt_json = receipt};
  sink->host->complete(sink->host->ctx, ticket, &outcome);
}

static void settle(struct sink* sink, belfry_ticket ticket, uint32_t code, belfry_str receipt, belfry_str detail) {
  const belfry_reconcile_result result = {.size = sizeof result, .code = code, .detail = detail, .receipt_json = receipt};
  sink->use.reconcile->settle(sink->host->ctx, ticket, &result);
}

/* ---- The steps of a delivery ----------------------------------------------------------------------------------------- */

/* On a thread of the offload pool. */
static void work(void* arg, int64_t deadline_ms) {
  struct job* job = arg;
  const struct sink* sink = job->sink;
  job->in_time = sink->use.clock->monotonic_ms(sink->host->ctx) < deadline_ms;
  sink->use.metrics->counter_add(sink->host->ctx, TEXT("worked"), 1);
}

/* Likewise. Gets back into the strand, as a thread of the plugin's own would. */
static void run(void* arg) {
  struct job* job = arg;
  const belfry_host* host = job->sink->host;
  job->wake = host->wake(host->ctx, (uint64_t)(uintptr_t)job);
}

static belfry_ticket send_http(struct job* job) {
  struct sink* sink = job->sink;
  struct buffer token = {"", 0};
  struct buffer authorization = {"", 0};
  reveal_token(sink, &token);
  append(&authorization, TEXT("Bearer "));
  append(&authorization, contents(&token));
  const belfry_http_header headers[] = {{TEXT("Authorization"), contents(&authorization)}, {TEXT("Content-Type"), TEXT("text/plain")}};
  const belfry_http_request request = {.size = sizeof request,
                                       .timeout_ms = 5000,
                                       .on_behalf_of = job->ticket,
                                       .user_data = (uint64_t)(uintptr_t)job,
                                       .method = TEXT("POST"),
                                       .url = text(sink->url),
                                       .headers = headers,
                                       .header_count = sizeof headers / sizeof headers[0],
                                       .body = TEXT("hello"),
                                       .max_response_bytes = 1024};
  return sink->use.http->send(sink->host->ctx, &request);
}

static belfry_ticket connect_websocket(struct job* job) {
  struct sink* sink = job->sink;
  const belfry_websocket_request request = {
      .size = sizeof request, .timeout_ms = 5000, .user_data = (uint64_t)(uintptr_t)job, .url = text(sink->websocket)};
  return sink->use.websocket == NULL ? 0 : sink->use.websocket->connect(sink->host->ctx, &request);
}

static belfry_ticket acquire(struct job* job) {
  struct sink* sink = job->sink;
  void* const ctx = sink->host->ctx;
  const belfry_bucket_key quick = {.size = sizeof quick, .scope = BELFRY_SCOPE_ACCOUNT, .method = TEXT("post"), .destination = TEXT("a")};
  const belfry_bucket_key slow = {.size = sizeof slow, .scope = BELFRY_SCOPE_SINK, .method = TEXT("slow")};
  sink->use.rate_limit->define(ctx, &quick, 1000, 1000, 100);
  sink->use.rate_limit->define(ctx, &slow, 1000, 1000, 100);
  sink->use.rate_limit->report_limited(ctx, &slow, 60000);
  if (sink->use.rate_limit->wait_time_ms(ctx, &slow) > 1000) report_word(job, "limited");
  return sink->use.rate_limit->acquire(ctx, &quick, job->ticket, (uint64_t)(uintptr_t)job);
}

/* The first timer is cancelled, so it has no event. */
static belfry_ticket start_timers(struct job* job) {
  struct sink* sink = job->sink;
  void* const ctx = sink->host->ctx;
  const belfry_ticket cancelled = sink->use.clock->start_timer(ctx, 1, job->ticket, (uint64_t)(uintptr_t)job);
  if (cancelled != 0) sink->host->cancel(ctx, cancelled);
  return sink->use.clock->start_timer(ctx, 20, job->ticket, (uint64_t)(uintptr_t)job);
}

static belfry_ticket begin_step(struct job* job) {
  struct sink* sink = job->sink;
  void* const ctx = sink->host->ctx;
  const uint64_t user_data = (uint64_t)(uintptr_t)job;
  job->offloaded = job->step == STEP_WORK || job->step == STEP_RUN;
  switch (job->step) {
    case STEP_WORK: return sink->use.offload->run_for(ctx, job->ticket, work, job, user_data);
    case STEP_PUT: return sink->use.kv->put_durable(ctx, BELFRY_SCOPE_SINK, key_of(job), TEXT("value"), BELFRY_KV_ANY_VERSION, user_data);
    case STEP_GET: return sink->use.kv->get(ctx, BELFRY_SCOPE_SINK, key_of(job), user_data);
    case STEP_ERASE:
      sink->use.kv->put(ctx, BELFRY_SCOPE_SINK, TEXT("scratch"), TEXT("lost without harm"));
      return sink->use.kv->erase(ctx, BELFRY_SCOPE_SINK, TEXT("scratch"), user_data);
    case STEP_ACCOUNT: return sink->use.kv->put_durable(ctx, BELFRY_SCOPE_ACCOUNT, TEXT("shared"), TEXT("value"), 0, user_data);
    case STEP_TIMER: return start_timers(job);
    case STEP_HTTP: return send_http(job);
    case STEP_GRANT: return acquire(job);
    case STEP_RUN: return sink->use.offload->run(ctx, run, job, user_data);
    case STEP_WEBSOCKET: return connect_websocket(job);
    case STEP_END: break;
  }
  return 0;
}

/* Begins the current step, and those after it for which there is nothing to wait. */
static void proceed(struct job* job) {
  for (; job->step != STEP_END; ++job->step) {
    job->request = begin_step(job);
    if (job->request != 0) return;
    job->offloaded = 0;
    report_number(job, "refused", (uint32_t)job->step);
  }
  const belfry_str detail = {job->report, job->report_length};
  complete(job->sink, job->ticket, BELFRY_DELIVERED, TEXT("delivered"), detail, TEXT("{\"id\":\"delivered\"}"));
  remove_job(job);
}

/* Sends a greeting, closes the connection after one message, and reports how it ended. Whether it has ended. */
static int take_websocket_event(struct job* job, const belfry_websocket_event* event) {
  const belfry_host_websocket* websocket = job->sink->use.websocket;
  void* const ctx = job->sink->host->ctx;
  switch (event->kind) {
    case BELFRY_WEBSOCKET_OPEN:
      report_number(job, "greeted", (uint32_t)websocket->send_text(ctx, job->request, TEXT("hello")));
      websocket->receive(ctx, job->request, 1);
      return 0;
    case BELFRY_WEBSOCKET_TEXT:
      report(job, event->data);
      report(job, TEXT(" "));
      websocket->close(ctx, job->request, 1000, TEXT("bye"));
      return 0;
    case BELFRY_WEBSOCKET_CLOSED: report_number(job, "closed", event->error); return 1;
    default: return 0;
  }
}

/* Whether the step has ended with this event. */
static int take_result(struct job* job, const belfry_event* event) {
  const belfry_kv_result* kv = event->payload;
  const belfry_http_result* http = event->payload;
  switch (job->step) {
    case STEP_WORK: report_word(job, job->in_time ? "work" : "late"); return 1;
    case STEP_PUT: report_number(job, "put", kv->status); return 1;
    case STEP_GET:
      report_number(job, "get", kv->status);
      report(job, kv->value);
      report(job, TEXT(" "));
      return 1;
    case STEP_ERASE: report_number(job, "erase", kv->status); return 1;
    case STEP_ACCOUNT: report_number(job, "account", kv->status); return 1;
    case STEP_TIMER: report_word(job, event->ticket == job->request ? "timer" : "another timer"); return 1;
    case STEP_HTTP: report_number(job, "http", http->error); return 1;
    case STEP_GRANT: report_word(job, "grant"); return 1;
    case STEP_RUN:
      if (event->kind == BELFRY_EVENT_OFFLOAD) job->offloaded = 0;
      if (event->kind == BELFRY_EVENT_WAKE) job->woken = 1;
      if (job->offloaded || !job->woken) return 0;
      report_word(job, "woken");
      return 1;
    case STEP_WEBSOCKET: return take_websocket_event(job, event->payload);
    case STEP_END: break;
  }
  return 1;
}

/* ---- The sink -------------------------------------------------------------------------------------------------------- */

static belfry_status configure(void* self, belfry_str config_json, const belfry_findings* findings) {
  struct sink* sink = self;
  read_member(config_json, "url", sink->url, sizeof sink->url);
  read_member(config_json, "websocket", sink->websocket, sizeof sink->websocket);
  read_member(config_json, "token", sink->token, sizeof sink->token);
  const char* const missing = find_services(sink);
  if (missing != NULL) {
    const belfry_finding error = {.size = sizeof error,
                                  .severity = BELFRY_FINDING_ERROR,
                                  .text = text(missing),
                                  .remedy = TEXT("install a gateway that has this service")};
    findings->add(findings->ctx, &error);
    return BELFRY_FAILED;
  }
  if (strncmp(sink->url, "https://", 8) != 0) {
    const belfry_finding warning = {.size = sizeof warning,
                                    .severity = BELFRY_FINDING_WARNING,
                                    .pointer = TEXT("/url"),
                                    .text = TEXT("the URL is not encrypted"),
                                    .remedy = TEXT("use https")};
    findings->add(findings->ctx, &warning);
  }
  return BELFRY_OK;
}

static belfry_status start(void* self, const belfry_writer* problem) {
  const struct sink* sink = self;
  void* const ctx = sink->host->ctx;
  if (sink->url[0] == '\0') {
    problem->write(problem->ctx, TEXT("there is no URL"));
    return BELFRY_FAILED;
  }
  sink->use.log->write(ctx, BELFRY_LOG_INFO, sink->host->name);
  sink->use.metrics->gauge_set(ctx, TEXT("started"), sink->use.clock->now_unix_ms(ctx) > 0 ? 1 : 0);
  return BELFRY_OK;
}

static void deliver(void* self, const belfry_message* message) {
  struct sink* sink = self;
  void* const ctx = sink->host->ctx;
  struct job* job = new_job(sink, FOR_DELIVERY, message->ticket, message->delivery_id);
  if (job == NULL) {
    complete(sink, message->ticket, BELFRY_RETRY, TEXT("out_of_memory"), TEXT("no memory for the delivery"), TEXT(""));
    return;
  }
  /* A revealed secret, and one from the remote. Neither may appear in the log. */
  struct buffer line = {"", 0};
  append(&line, TEXT("tokens: "));
  reveal_token(sink, &line);
  sink->use.secrets->add_secret(ctx, TEXT("issued-by-the-remote"));
  append(&line, TEXT(" issued-by-the-remote"));
  sink->use.log->write(ctx, BELFRY_LOG_WARN, contents(&line));
  sink->use.metrics->counter_add(ctx, TEXT("deliveries"), 1);
  if (sink->use.recipients != NULL) sink->use.recipients->set_time_zone(ctx, TEXT("ada@example.com"), TEXT("Europe/Berlin"));
  report_number(job, "attempt", message->attempt);
  if (message->deadline_ms > sink->use.clock->monotonic_ms(ctx)) report_word(job, "early");
  proceed(job);
}

static void abandon(void* self, belfry_ticket ticket) {
  const struct sink* sink = self;
  for (struct job* job = sink->jobs; job != NULL; job = job->next) {
    if (job->ticket != ticket || job->dropped) continue;
    drop(job);
    return;
  }
}

static void end_reconcile(struct job* job, const belfry_kv_result* kv) {
  const int found = kv->status == BELFRY_KV_OK;
  settle(job->sink, job->ticket, found ? BELFRY_RECONCILE_FOUND : BELFRY_RECONCILE_ABSENT, found ? TEXT("{\"id\":\"found\"}") : TEXT(""),
         TEXT("as recorded"));
  remove_job(job);
}

static void end_check(struct job* job, const belfry_kv_result* kv) {
  const struct sink* sink = job->sink;
  const int empty = kv->status == BELFRY_KV_NOT_FOUND;
  const belfry_finding finding = {.size = sizeof finding,
                                  .severity = empty ? BELFRY_FINDING_NOTE : BELFRY_FINDING_ERROR,
                                  .text = empty ? TEXT("the store is empty") : TEXT("the store is not empty")};
  sink->use.check_online->add(sink->host->ctx, job->ticket, &finding);
  sink->use.check_online->end(sink->host->ctx, job->ticket, TEXT(""));
  remove_job(job);
}

static void event(void* self, const belfry_event* event) {
  struct job* job = (struct job*)(uintptr_t)event->user_data;
  (void)self;
  if (event->kind < BELFRY_EVENT_HTTP || event->kind > BELFRY_EVENT_WAKE || job == NULL) return;
  if (job->dropped) {
    if (event->kind == BELFRY_EVENT_OFFLOAD) remove_job(job);
  } else if (job->purpose == FOR_RECONCILE) {
    end_reconcile(job, event->payload);
  } else if (job->purpose == FOR_CHECK) {
    end_check(job, event->payload);
  } else if (take_result(job, event)) {
    ++job->step;
    proceed(job);
  }
}

/* Ends every ticket. The sink has stopped with the event of the last function that is offloaded. */
static void stop(void* self, belfry_ticket done, int64_t deadline_ms) {
  struct sink* sink = self;
  (void)deadline_ms;
  struct job* next = NULL;
  for (struct job* job = sink->jobs; job != NULL; job = next) {
    next = job->next;
    if (job->dropped) continue;
    if (job->purpose == FOR_DELIVERY) complete(sink, job->ticket, BELFRY_RETRY, TEXT("stopping"), TEXT("the sink stops"), TEXT(""));
    if (job->purpose == FOR_RECONCILE) settle(sink, job->ticket, BELFRY_RECONCILE_UNKNOWN, TEXT(""), TEXT("the sink stops"));
    drop(job);
  }
  sink->done = done;
  if (sink->jobs == NULL) sink->host->stopped(sink->host->ctx, done);
}

static void destroy(void* self) { free(self); }

/* ---- Extensions ------------------------------------------------------------------------------------------------------ */

static uint32_t routes(void* self, const belfry_inbound_route** out) {
  static const belfry_inbound_route all[] = {{STR("POST"), STR("/frozen")}, {STR("GET"), STR("/frozen/status")}};
  (void)self;
  *out = all;
  return sizeof all / sizeof all[0];
}

static uint32_t verify(void* self, const belfry_inbound_request* request) {
  struct buffer token = {"", 0};
  reveal_token(self, &token);
  for (uint32_t i = 0; i < request->header_count; ++i) {
    const belfry_str name = request->headers[i].name;
    const int is_token = equal(name, TEXT("x-token")) || equal(name, TEXT("X-Token"));
    if (is_token && token.length != 0 && equal(request->headers[i].value, contents(&token))) return 0;
  }
  return 401;
}

/* Replies with the request: "METHOD PATH?QUERY BODY". */
static void handle(void* self, belfry_ticket ticket, const belfry_inbound_request* request) {
  const struct sink* sink = self;
  struct buffer body = {"", 0};
  append(&body, request->method);
  append(&body, TEXT(" "));
  append(&body, request->path);
  append(&body, TEXT("?"));
  append(&body, request->query);
  append(&body, TEXT(" "));
  append(&body, request->body);
  const int early = request->deadline_ms > sink->use.clock->monotonic_ms(sink->host->ctx);
  const belfry_inbound_reply reply = {
      .size = sizeof reply, .status = early ? 200 : 500, .content_type = TEXT("text/plain"), .body = contents(&body)};
  sink->use.inbound->reply(sink->host->ctx, ticket, &reply);
}

/* A delivery has been made if its id is in the store. */
static void reconcile(void* self, const belfry_message* message) {
  struct sink* sink = self;
  struct job* job = new_job(sink, FOR_RECONCILE, message->ticket, message->delivery_id);
  if (job != NULL) job->request = sink->use.kv->get(sink->host->ctx, BELFRY_SCOPE_SINK, key_of(job), (uint64_t)(uintptr_t)job);
  if (job != NULL && job->request != 0) return;
  settle(sink, message->ticket, BELFRY_RECONCILE_UNKNOWN, TEXT(""), TEXT("the store cannot be read"));
  if (job != NULL) remove_job(job);
}

static void check(void* self, belfry_ticket ticket, int64_t deadline_ms) {
  struct sink* sink = self;
  void* const ctx = sink->host->ctx;
  struct job* job = new_job(sink, FOR_CHECK, ticket, TEXT("check"));
  const belfry_finding warning = {.size = sizeof warning,
                                  .severity = BELFRY_FINDING_WARNING,
                                  .pointer = TEXT("/url"),
                                  .text = TEXT("nothing answers"),
                                  .remedy = TEXT("start the remote")};
  sink->use.check_online->add(ctx, ticket, &warning);
  const int early = deadline_ms > sink->use.clock->monotonic_ms(ctx);
  if (job != NULL && early) job->request = sink->use.kv->get(ctx, BELFRY_SCOPE_SINK, key_of(job), (uint64_t)(uintptr_t)job);
  if (job != NULL && job->request != 0) return;
  sink->use.check_online->end(ctx, ticket, TEXT("the store could not be read"));
  if (job != NULL) remove_job(job);
}

static uint32_t max_in_flight(void* self) {
  (void)self;
  return 4;
}

static belfry_status render(void* self, const belfry_message* message, const belfry_writer* out) {
  const struct sink* sink = self;
  if (message->body_json.len == 0) {
    out->write(out->ctx, TEXT("the message is empty"));
    return BELFRY_FAILED;
  }
  out->write(out->ctx, TEXT("[{\"method\":\"POST\",\"url\":\""));
  out->write(out->ctx, text(sink->url));
  return out->write(out->ctx, TEXT("\",\"headers\":{\"Authorization\":\"Bearer ***\"},\"body\":\"hello\"}]"));
}

static const void* extension(void* self, belfry_str id) {
  static const belfry_sink_inbound_http inbound_table = {
      .size = sizeof inbound_table, .routes = routes, .verify = verify, .handle = handle};
  static const belfry_sink_reconcile reconcile_table = {.size = sizeof reconcile_table, .reconcile = reconcile};
  static const belfry_sink_check_online check_table = {.size = sizeof check_table, .check = check};
  static const belfry_sink_in_flight in_flight_table = {.size = sizeof in_flight_table, .max = max_in_flight};
  static const belfry_sink_render render_table = {.size = sizeof render_table, .render = render};
  (void)self;
  if (equal(id, TEXT(BELFRY_SINK_INBOUND_HTTP_1))) return &inbound_table;
  if (equal(id, TEXT(BELFRY_SINK_RECONCILE_1))) return &reconcile_table;
  if (equal(id, TEXT(BELFRY_SINK_CHECK_ONLINE_1))) return &check_table;
  if (equal(id, TEXT(BELFRY_SINK_IN_FLIGHT_1))) return &in_flight_table;
  if (equal(id, TEXT(BELFRY_SINK_RENDER_1))) return &render_table;
  return NULL;
}

/* ---- Entry ----------------------------------------------------------------------------------------------------------- */

#define TYPE "frozen"

static uint32_t count(void) { return 1; }

static const belfry_descriptor* descriptor(uint32_t index) {
  static const belfry_str services[] = {STR(BELFRY_HOST_HTTP_CLIENT_1), STR(BELFRY_HOST_LOG_1),         STR(BELFRY_HOST_CLOCK_1),
                                        STR(BELFRY_HOST_METRICS_1),     STR(BELFRY_HOST_KV_1),          STR(BELFRY_HOST_RATE_LIMIT_1),
                                        STR(BELFRY_HOST_SECRETS_1),     STR(BELFRY_HOST_OFFLOAD_1),     STR(BELFRY_HOST_INBOUND_HTTP_1),
                                        STR(BELFRY_HOST_RECONCILE_1),   STR(BELFRY_HOST_CHECK_ONLINE_1)};
  static const belfry_str optional_services[] = {STR(BELFRY_HOST_WEBSOCKET_1), STR(BELFRY_HOST_RECIPIENTS_1)};
  static const belfry_descriptor only = {
      .size = sizeof only,
      .type = STR(TYPE),
      .title = STR("A sink of version 1.0"),
      .version = STR("1.0.0"),
      .license = STR("Apache-2.0"),
      .config_schema_json = STR("{\"type\":\"object\",\"required\":[\"url\"],\"additionalProperties\":false,\"properties\":{"
                                "\"url\":{\"type\":\"string\",\"pattern\":\"^https?://[^\\\"\\\\\\\\]*$\"},"
                                "\"websocket\":{\"type\":\"string\",\"default\":\"ws://127.0.0.1:1/\"},"
                                "\"token\":{\"type\":\"string\",\"x-secret\":true,\"x-account\":true}}}"),
      .services = services,
      .optional_services = optional_services,
      .service_count = sizeof services / sizeof services[0],
      .optional_service_count = sizeof optional_services / sizeof optional_services[0]};
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
  struct sink* sink = equal(type, TEXT(TYPE)) ? calloc(1, sizeof *sink) : NULL;
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
                                            .count = count,
                                            .descriptor = descriptor,
                                            .create = create};
  return &entry;
}
