/* Belfry plugin ABI, version 1.
 *
 * A plugin is a shared library that exports one function, belfry_plugin_entry_v1. The gateway ("host") reads the descriptors of the sink
 * types that the plugin offers, creates sinks, and passes each sink messages to deliver. The two share this header and nothing else.
 *
 * Rules for both sides:
 *  - Every struct except the basic shapes starts with `size`, filled in by its writer. Members are only ever appended. A reader works on a
 *    zero-filled copy of min(size, sizeof) bytes, so that either side may be the older one.
 *  - A table of functions is accepted if it reaches its last required function and those are not null. Functions appended later are
 *    optional: check them with BELFRY_HAS before a call.
 *  - Writers set `reserved` to 0, and readers ignore it. Unknown flag bits are ignored. Each enumeration defines
 *    the meaning of an unknown value.
 *  - A status is BELFRY_OK or a failure. Return BELFRY_FAILED; every other value is reserved, and counts as a failure.
 *  - Text is UTF-8, a pointer and a length, not zero-terminated. Arguments are borrowed until the call returns: copy what you keep.
 *  - Descriptors and tables of functions are static in their library. The host never unloads a library.
 *  - Asynchronous results are identified by tickets, never by pointers; 0 is not a ticket. The plugin may attach `user_data` to a request,
 *    and the event brings it back. Rationale: on another thread, the event may arrive before the call has returned the ticket.
 *  - The host never calls a sink from inside that sink's own call into the host, and one sink never receives two calls at once.
 *  - Deadlines are on the monotonic clock (belfry_host_clock.monotonic_ms), in milliseconds. Rationale: the wall clock is stepped.
 *  - No exception may cross this boundary.
 *  - Signals are the host's: a plugin leaves their handlers and masks alone.
 *  - As long as the major version is 1, messages have version 1 of sdk/message.schema.json, to which members are only ever added.
 *
 * Each function has a tag of two parts, [thread & state]. The threads:
 *  - [scan]: before any sink exists; no I/O; under 50 ms.
 *  - [control]: serial with every other call into the same sink; may take seconds (the limit is 10 s).
 *  - [strand]: serial in the same way; must return within 10 ms. Calls over 100 ms are counted and logged. A sink that does not return
 * within 5 s is parked as "hung".
 *  - [any]: any thread.
 *
 * The states of a sink. For a function of the sink, the tag names the states in which the host calls it; for a function of the host, the
 * states in which the sink may call it. "live" means started, checking or stopping.
 *
 *  | state      | begins when                         | the host may call                              | the sink may call           |
 *  |------------|-------------------------------------|------------------------------------------------|-----------------------------|
 *  | created    | create() returns BELFRY_OK          | configure, destroy                             | service                     |
 *  | configured | configure() accepts                 | extension, routes, max, render, start, check,  | service                     |
 *  |            |                                     | destroy                                        |                             |
 *  | started    | start() is called                   | deliver, abandon, event, reconcile, verify,    | everything                  |
 *  |            |                                     | handle, render, stop                           |                             |
 *  | checking   | check() is called, instead of start | event, abandon, stop                           | everything                  |
 *  | stopping   | stop() is called                    | event, abandon                                 | everything                  |
 *  | stopped    | stopped(done) is called, start()    | destroy                                        | nothing: calls are ignored, |
 *  |            | has failed, or the deadline of      |                                                | and return 0 or a failure   |
 *  |            | stop() has passed                   |                                                |                             |
 *
 *  - Until stopped(done), events and calls of abandon() still arrive, and deliveries that were open when stop() was called may be
 *    completed. No deliver(), reconcile(), verify(), handle() or render() follows a stop().
 *  - destroy() is not called after a missed deadline of stop(), while a function of offload/1 is running, or when the process ends. Save
 *    important state earlier. From destroy(), a sink may call cancel.
 *  - A call from a function that offload/1 runs counts as a call of the sink; such a function may use the services marked [any].
 *
 * Capitalized bounds (BELFRY_MAX_*) are part of the contract: exceeding one is refused where it happens, and counted as a violation.
 */
#ifndef BELFRY_PLUGIN_H
#define BELFRY_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BELFRY_PLUGIN_MAGIC 0x59464C42u /* "BLFY" in memory on a little-endian machine */
#define BELFRY_ABI_MAJOR 1u
#define BELFRY_ABI_MINOR 0u
#define BELFRY_PLUGIN_ENTRY_NAME "belfry_plugin_entry_v1"

#if defined(__GNUC__)
#define BELFRY_EXPORT __attribute__((visibility("default")))
#else
#define BELFRY_EXPORT
#endif

#if defined(__cplusplus)
static_assert(sizeof(void*) == 8 && sizeof(size_t) == 8, "Belfry plugins are 64-bit");
#else
_Static_assert(sizeof(void*) == 8 && sizeof(size_t) == 8, "Belfry plugins are 64-bit");
#endif

/* Whether `table`, which the other side wrote, reaches `member`, and the member is not null. */
#define BELFRY_HAS(table, member) \
  ((size_t)((const char*)(&(table)->member + 1) - (const char*)(table)) <= (table)->size && (table)->member != 0)

/* ---- Basic shapes, frozen: they have no size ------------------------------------------------------------------------ */

typedef uint64_t belfry_ticket;

typedef int32_t belfry_status;
#define BELFRY_OK 0
#define BELFRY_FAILED 1

typedef struct belfry_str {
  const char* ptr; /* may be null if len is 0 */
  size_t len;      /* bytes */
} belfry_str;

/* Receives text during the call to which it was passed. Pieces are joined. write() fails when the joined text exceeds
 * BELFRY_MAX_WRITTEN_BYTES or memory runs out; the text is then incomplete. */
#define BELFRY_MAX_WRITTEN_BYTES 1048576u
typedef struct belfry_writer {
  void* ctx;
  belfry_status (*write)(void* ctx, belfry_str piece);
} belfry_writer;

typedef struct belfry_http_header {
  belfry_str name;
  belfry_str value;
} belfry_http_header;

typedef struct belfry_inbound_route {
  belfry_str method; /* "POST" */
  belfry_str path;   /* "/slack/events" */
} belfry_inbound_route;

/* ---- Findings: the errors, warnings and notes of a sink about its configuration --------------------------------------------------------
 */

/* belfry_finding.severity; an unknown value counts as a warning */
#define BELFRY_FINDING_ERROR 1u   /* deliveries will fail; from configure(): the configuration is refused */
#define BELFRY_FINDING_WARNING 2u /* something will not work as well as it could */
#define BELFRY_FINDING_NOTE 3u    /* for information: something is in order, or cannot be checked */

#define BELFRY_MAX_FINDINGS 100u            /* of one call or check; later ones are dropped */
#define BELFRY_MAX_FINDING_TEXT_BYTES 1000u /* of each text; the rest is cut off */

typedef struct belfry_finding {
  uint32_t size;
  uint32_t severity;
  belfry_str pointer; /* RFC 6901, into the configuration; empty: all of it */
  belfry_str text;    /* one sentence, without a period at the end */
  belfry_str remedy;  /* how to fix it, in the same form; empty: nothing needs to be done */
} belfry_finding;

/* Basic shape. Receives findings during the call to which it was passed. add() fails when a finding is dropped. */
typedef struct belfry_findings {
  void* ctx;
  belfry_status (*add)(void* ctx, const belfry_finding* finding);
} belfry_findings;

/* ---- Outcome -------------------------------------------------------------------------------------------------------- */

/* belfry_outcome.code; an unknown value counts as BELFRY_RETRY */
#define BELFRY_DELIVERED 1u     /* the remote accepted it; the receipt is kept */
#define BELFRY_RETRY 2u         /* transient: tried again later; retry_after_ms is a minimum */
#define BELFRY_RATE_LIMITED 3u  /* by the remote: limit_scope is paused for retry_after_ms; not a failed attempt */
#define BELFRY_REJECTED 4u      /* this message can never succeed here: fallback, or dead letter */
#define BELFRY_MISCONFIGURED 5u /* wrong credentials, scope or channel: the lane is parked and probed slowly, the operator is notified */

/* belfry_outcome.flags */
#define BELFRY_OUTCOME_MAYBE_DELIVERED 1u /* bytes were sent and no answer came: another attempt may arrive twice */

/* belfry_outcome.limit_scope; an unknown value counts as BELFRY_LIMIT_ACCOUNT */
#define BELFRY_LIMIT_NONE 0u
#define BELFRY_LIMIT_RECIPIENT 1u /* this destination only */
#define BELFRY_LIMIT_METHOD 2u    /* one remote method; the host pauses the whole sink */
#define BELFRY_LIMIT_ACCOUNT 3u   /* everything that uses the sink's account */

#define BELFRY_MAX_REASON_BYTES 40u
#define BELFRY_MAX_REASONS 100u              /* distinct ones of a sink that metrics show; later ones are counted as "other" */
#define BELFRY_MAX_DETAIL_BYTES 1000u        /* the rest is cut off */
#define BELFRY_MAX_RECEIPT_BYTES 65536u      /* a larger receipt is dropped */
#define BELFRY_MAX_RETRY_AFTER_MS 604800000u /* 7 days; a longer pause is shortened to it. A host may end a pause earlier */

typedef struct belfry_outcome {
  uint32_t size;
  uint32_t code;
  uint32_t flags;
  uint32_t http_status;    /* 100..599; 0: none */
  uint64_t retry_after_ms; /* 0: unspecified */
  uint32_t limit_scope;
  uint32_t reserved;
  belfry_str reason;       /* required, a slug [a-z_]{1,40}; anything else is recorded as "unspecified" */
  belfry_str detail;       /* one sentence for people; the host scrubs secrets from it */
  belfry_str receipt_json; /* sdk/receipt.schema.json; empty: none */
} belfry_outcome;

/* ---- Message -------------------------------------------------------------------------------------------------------- */

/* belfry_message.flags */
#define BELFRY_MESSAGE_POSSIBLE_DUPLICATE 1u /* an earlier attempt may have arrived; a sink may point this out to the reader */
#define BELFRY_MESSAGE_SENSITIVE 2u          /* never for a shared destination, unless body_json has allow_sensitive */

typedef struct belfry_message {
  uint32_t size;
  uint32_t attempt; /* 1, 2, ... */
  uint32_t flags;
  uint32_t reserved;
  belfry_ticket ticket;   /* to be completed exactly once; 0 in render() */
  int64_t deadline_ms;    /* the ticket is abandoned then; work that run_for() queues gets a later one */
  belfry_str delivery_id; /* idempotency key: the same for every attempt of a delivery, different for every delivery */
  belfry_str body_json;   /* sdk/message.schema.json */
} belfry_message;

/* ---- Events: every asynchronous result of a sink ---------------------------------------------------------------------- */

/* belfry_event.kind, and the struct that `payload` points to. Ignore an unknown kind. */
#define BELFRY_EVENT_HTTP 1u       /* belfry_http_result; of http-client send */
#define BELFRY_EVENT_TIMER 2u      /* null; of clock start_timer */
#define BELFRY_EVENT_KV 3u         /* belfry_kv_result; of kv get, put_durable and erase */
#define BELFRY_EVENT_RATE_GRANT 4u /* null; of rate-limit acquire: proceed now */
#define BELFRY_EVENT_OFFLOAD 5u    /* null; of offload run and run_for: the function has returned, or is never called */
#define BELFRY_EVENT_WEBSOCKET 6u  /* belfry_websocket_event; of websocket connect. Many; the last one is CLOSED */
#define BELFRY_EVENT_WAKE 7u       /* null; of belfry_host.wake */

typedef struct belfry_event {
  uint32_t size;
  uint32_t kind;
  belfry_ticket ticket; /* of the request */
  uint64_t user_data;   /* of the request */
  const void* payload;
} belfry_event;

/* ---- Sink: what a plugin implements ----------------------------------------------------------------------------------- */

/* `self` is what create() returned. Every function except `extension` is required. */
typedef struct belfry_sink_api {
  uint32_t size;
  uint32_t reserved;

  /* [control & created] Once. No I/O. config_json is valid against the type's schema, has its defaults filled in, and holds a reference for
   * secrets/1 in place of every x-secret value. Accepted if it returns BELFRY_OK and no finding is an error. */
  belfry_status (*configure)(void* self, belfry_str config_json, const belfry_findings* findings);

  /* [control & configured] From this call on the sink is started and may use services. On failure, writes a sentence to `problem`. */
  belfry_status (*start)(void* self, const belfry_writer* problem);

  /* [strand & started] Later, exactly one host->complete(message->ticket). Completing before this returns is allowed. */
  void (*deliver)(void* self, const belfry_message* message);

  /* [strand & live] The host has given up a ticket that it issued, because its deadline or half of the stop time has passed: free what
   * belongs to it. Its requests have ended without events, except run_for(), whose event still follows. A late completion is counted; one
   * with BELFRY_DELIVERED still settles the delivery. */
  void (*abandon)(void* self, belfry_ticket ticket);

  /* [strand & live] A result of a request to the host. */
  void (*event)(void* self, const belfry_event* event);

  /* [control & started, checking] Finish or drop what is open, then call host->stopped(done), at the latest at the deadline. The host
   * abandons the tickets that are still open when half of that time has passed. */
  void (*stop)(void* self, belfry_ticket done, int64_t deadline_ms);

  /* [control & created, configured, stopped] The last call. Frees self. */
  void (*destroy)(void* self);

  /* [control & configured] An optional table of the sink by id, or null. May be null itself. */
  const void* (*extension)(void* self, belfry_str id);
} belfry_sink_api;

/* ---- Host: what the gateway passes to a sink -------------------------------------------------------------------------- */

#define BELFRY_MAX_OPEN_REQUESTS 20000u /* of one sink; further ones are refused: the ticket is 0 */

typedef struct belfry_host {
  uint32_t size;
  uint32_t abi_minor;
  void* ctx;          /* the first argument of every function of the host and of its services */
  belfry_str name;    /* "belfry" */
  belfry_str version; /* of the program, for messages and logs: "0.4.0" */

  /* [any & created, configured, live] A static table by id (BELFRY_HOST_*), or null if this host does not have it. */
  const void* (*service)(void* ctx, belfry_str id);

  /* [any & started, stopping] Ends a ticket of deliver(). */
  void (*complete)(void* ctx, belfry_ticket ticket, const belfry_outcome* outcome);

  /* [any & stopping] The sink has finished: `done` is the ticket of stop(). Ends every request that is still open. */
  void (*stopped)(void* ctx, belfry_ticket done);

  /* [strand & live; also during destroy()] Ends a request of any kind: no event for the ticket follows. A WebSocket connection is closed. A
   * kv write may still take place. Offloaded work is the exception: work that has not begun is never called, work that has begun runs to
   * its end, and in both cases the event follows, because `arg` must live until then. A ticket that has ended is ignored. */
  void (*cancel)(void* ctx, belfry_ticket ticket);

  /* [any & live] Asks for one BELFRY_EVENT_WAKE: how a thread of the plugin's own gets back into the strand. 0: the sink has
   * stopped, which is no violation, or has too many open requests. */
  belfry_ticket (*wake)(void* ctx, uint64_t user_data);
} belfry_host;

/* ---- Entry: what the exported function returns ------------------------------------------------------------------------ */

#define BELFRY_MAX_TYPES 64u
#define BELFRY_MAX_LABEL_BYTES 200u /* of title, version and license; the rest is cut off */

/* belfry_descriptor.access: what sinks do on their own, without a service of the host. Unknown bits are ignored. */
#define BELFRY_ACCESS_NETWORK 1u   /* open sockets */
#define BELFRY_ACCESS_FILES 2u     /* open files, apart from those that a system library reads by itself */
#define BELFRY_ACCESS_PROCESSES 4u /* start programs */

typedef struct belfry_descriptor {
  uint32_t size;
  uint32_t reserved;
  belfry_str type;    /* [a-z][a-z0-9_-]{0,31}: `plugin: slack` in the configuration */
  belfry_str title;   /* for people, one line */
  belfry_str version; /* of the plugin */
  belfry_str license; /* SPDX expression */

  /* JSON Schema (draft-07), type object, for the sink's `config`. The host reads these annotations:
   *  - "default": filled in where the member is absent.
   *  - "x-secret": true for a secret string. configure() gets a reference for secrets/1.
   *  - "x-account": true on one top-level property: identifies the account at the remote. Sinks with the same value share rates, buckets
   * and kv scope. A sink without one is an account by itself.
   *  - "x-destination": true on one top-level string: names a shared place, which takes the place of the recipient. A route may override
   * it.
   *  - "x-override": true on a top-level property: a route may override it.
   *  - "x-obtain": a text that describes where a person gets the value, to complete the sentence "it is ...".
   *  - "x-mistaken": an object that maps a regular expression to a description of the values that match it, and where they belong. Such a
   *    value gets a warning. */
  belfry_str config_schema_json;

  uint64_t must_understand; /* no bit is defined: 0. A host refuses the type if a bit is unknown to it */
  uint64_t access;          /* BELFRY_ACCESS_* */

  /* Ids of host services. A host that lacks one of `services` refuses the type. A host may withhold a service that is in neither list,
   * except log, clock, metrics and secrets. */
  const belfry_str* services;
  const belfry_str* optional_services;
  uint32_t service_count;
  uint32_t optional_service_count;
} belfry_descriptor;

typedef struct belfry_plugin_entry {
  uint32_t size;
  uint32_t magic;            /* BELFRY_PLUGIN_MAGIC */
  uint32_t abi_major;        /* BELFRY_ABI_MAJOR of the header that it was built with */
  uint32_t abi_minor;        /* BELFRY_ABI_MINOR of that header; for messages only */
  uint32_t needs_host_minor; /* the lowest minor of the host that it works with */
  uint32_t reserved;

  /* [scan] 1..BELFRY_MAX_TYPES */
  uint32_t (*count)(void);
  /* [scan] 0 <= index < count() */
  const belfry_descriptor* (*descriptor)(uint32_t index);
  /* [control] Creates a sink of this type: allocates, nothing else. `host` stays valid until destroy() returns, or for ever if it is never
   * called. Sets both on success. */
  belfry_status (*create)(belfry_str type, const belfry_host* host, void** self, const belfry_sink_api** api);
} belfry_plugin_entry;

typedef const belfry_plugin_entry* (*belfry_plugin_entry_fn)(void);

/* The one export. [scan] */
BELFRY_EXPORT const belfry_plugin_entry* belfry_plugin_entry_v1(void);

/* ---- Services of the host ---------------------------------------------------------------------------------------------
 *
 * The first argument of every function is belfry_host.ctx. Every request takes `user_data`, which its events bring back. A function that
 * returns a ticket returns 0 if nothing was begun, for example because the sink has stopped or has too many open requests. */

/* ---- http-client/1: the host handles TLS, proxies, pooling and limits; redirects are never followed ---- */
#define BELFRY_HOST_HTTP_CLIENT_1 "belfry.host.http-client/1"

#define BELFRY_MAX_HTTP_HEADERS 256u
#define BELFRY_MAX_HTTP_RESPONSE_BYTES 16777216u

typedef struct belfry_http_request {
  uint32_t size;
  uint32_t timeout_ms;        /* 0: until shortly (at most 200 ms) before the deadline of on_behalf_of, which leaves time to report the
                               * outcome; 10 s without a ticket */
  belfry_ticket on_behalf_of; /* 0, or a ticket that the host issued: the request ends with it, without an event */
  uint64_t user_data;
  belfry_str method; /* "GET", "POST" */
  belfry_str url;    /* absolute http(s) */
  const belfry_http_header* headers;
  uint32_t header_count;
  uint32_t reserved;
  belfry_str body;
  uint64_t max_response_bytes; /* 0: 1 MiB; at most BELFRY_MAX_HTTP_RESPONSE_BYTES */
} belfry_http_request;

/* belfry_http_result.error; an unknown value counts as BELFRY_HTTP_CLOSED */
#define BELFRY_HTTP_OK 0u
#define BELFRY_HTTP_INVALID 1u /* the request itself is malformed; never sent */
#define BELFRY_HTTP_RESOLVE 2u
#define BELFRY_HTTP_CONNECT 3u
#define BELFRY_HTTP_TLS 4u
#define BELFRY_HTTP_TIMEOUT 5u
#define BELFRY_HTTP_CLOSED 6u /* the peer closed before the response was complete */
#define BELFRY_HTTP_TOO_LARGE 7u
#define BELFRY_HTTP_MALFORMED 8u /* the response is not HTTP */
#define BELFRY_HTTP_REFUSED 9u   /* never sent: too many requests are already queued */

/* belfry_http_result.flags */
#define BELFRY_HTTP_REQUEST_SENT 1u /* with an error: part of the request may have reached the peer */

typedef struct belfry_http_result {
  uint32_t size;
  uint32_t error; /* BELFRY_HTTP_OK: `status` and what follows it are valid */
  uint32_t flags;
  uint32_t status; /* 100..599 */
  const belfry_http_header* headers;
  uint32_t header_count;
  uint32_t reserved;
  belfry_str body;
  belfry_str error_text; /* one sentence for people */
} belfry_http_result;

typedef struct belfry_host_http_client {
  uint32_t size;
  uint32_t reserved;
  /* [any & live] Later one BELFRY_EVENT_HTTP. */
  belfry_ticket (*send)(void* ctx, const belfry_http_request* request);
} belfry_host_http_client;

/* ---- websocket/1: connections of the sink, as a client. The host handles TLS, proxies, framing and pings; it offers no extension of the
 * protocol, follows no redirects and does not reconnect ---- */
#define BELFRY_HOST_WEBSOCKET_1 "belfry.host.websocket/1"

#define BELFRY_MAX_WEBSOCKETS 16u /* connections of one sink; further ones are refused */
#define BELFRY_MAX_WEBSOCKET_MESSAGE_BYTES 16777216u
#define BELFRY_MAX_CLOSE_REASON_BYTES 123u /* RFC 6455 section 5.5 */

typedef struct belfry_websocket_request {
  uint32_t size;
  uint32_t timeout_ms; /* until the connection is open; 0: 10 s */
  uint64_t user_data;
  belfry_str url;                    /* absolute ws(s) */
  const belfry_http_header* headers; /* those of the handshake itself (Host, Upgrade, Connection, Sec-WebSocket-*) are left out */
  uint32_t header_count;
  uint32_t ping_interval_ms;  /* between the host's own pings; 0: 20 s */
  uint32_t pong_timeout_ms;   /* closed after this long without an answer to a ping; 0: 10 s */
  uint32_t idle_timeout_ms;   /* closed after this long without a message or ping from the peer; 0: no limit */
  uint64_t max_message_bytes; /* 0: 1 MiB; at most BELFRY_MAX_WEBSOCKET_MESSAGE_BYTES */
} belfry_websocket_request;

/* belfry_websocket_event.kind; ignore an unknown one */
#define BELFRY_WEBSOCKET_OPEN 1u
#define BELFRY_WEBSOCKET_TEXT 2u   /* `data`: a whole message, valid UTF-8 */
#define BELFRY_WEBSOCKET_BINARY 3u /* `data`: a whole message */
#define BELFRY_WEBSOCKET_CLOSED 4u /* the end of the ticket, whether the connection was ever open or not */

typedef struct belfry_websocket_event {
  uint32_t size;
  uint32_t kind;
  belfry_str data;      /* of CLOSED: the peer's reason */
  uint32_t close_code;  /* of CLOSED: the peer's (RFC 6455 section 7.4); 1005: it sent none; 0: no close frame arrived */
  uint32_t error;       /* of CLOSED: BELFRY_HTTP_*. BELFRY_HTTP_OK: closed cleanly, or the handshake failed with `http_status` */
  uint32_t http_status; /* of CLOSED: status of a refused handshake, which is not 101; otherwise 0 */
  uint32_t reserved;
  belfry_str error_text; /* of CLOSED: one sentence for people; empty after a clean close */
} belfry_websocket_event;

typedef struct belfry_host_websocket {
  uint32_t size;
  uint32_t reserved;
  /* [any & live] Later OPEN or CLOSED. */
  belfry_ticket (*connect)(void* ctx, const belfry_websocket_request* request);
  /* [any & live] Lets `messages` more arrive. None arrives unrequested. Rationale: a slow plugin slows the peer down, and does not fill the
   * host's memory. */
  void (*receive)(void* ctx, belfry_ticket ticket, uint32_t messages);
  /* [any & live] Accepted messages are sent in order. Fails if the connection is not open, the text is not UTF-8, or more than
   * max_message_bytes are already queued. */
  belfry_status (*send_text)(void* ctx, belfry_ticket ticket, belfry_str text);
  /* [any & live] Sends what is queued, then a close frame; CLOSED follows when the peer has answered, or after 5 s. Before OPEN: gives up.
   * No further message arrives. `code`: 1000 or 3000..4999; `reason`: the rest after BELFRY_MAX_CLOSE_REASON_BYTES is cut off. */
  void (*close)(void* ctx, belfry_ticket ticket, uint32_t code, belfry_str reason);
} belfry_host_websocket;

/* ---- log/1: lines carry the name of the sink; secrets are scrubbed; above BELFRY_MAX_LOG_LINES_PER_SECOND, lines are dropped and counted
 */
#define BELFRY_HOST_LOG_1 "belfry.host.log/1"

#define BELFRY_MAX_LOG_LINE_BYTES 4096u /* the rest is cut off */
#define BELFRY_MAX_LOG_LINES_PER_SECOND 20u

/* Levels; an unknown one counts as BELFRY_LOG_INFO */
#define BELFRY_LOG_DEBUG 1u
#define BELFRY_LOG_INFO 2u
#define BELFRY_LOG_WARN 3u
#define BELFRY_LOG_ERROR 4u

typedef struct belfry_host_log {
  uint32_t size;
  uint32_t reserved;
  void (*write)(void* ctx, uint32_t level, belfry_str line); /* [any & live] */
} belfry_host_log;

/* ---- clock/1 ---- */
#define BELFRY_HOST_CLOCK_1 "belfry.host.clock/1"

#define BELFRY_MAX_TIMER_MS 2592000000u /* 30 days; a longer timer is shortened to it */

typedef struct belfry_host_clock {
  uint32_t size;
  uint32_t reserved;
  /* [any & live, stopped] The wall clock: for people and remotes. */
  int64_t (*now_unix_ms)(void* ctx);
  /* [any & live, stopped] CLOCK_MONOTONIC: for durations and deadlines. Rationale: a function on another thread may loop until a deadline.
   */
  int64_t (*monotonic_ms)(void* ctx);
  /* [any & live] Later one BELFRY_EVENT_TIMER. Ends with on_behalf_of, unless that is 0. */
  belfry_ticket (*start_timer)(void* ctx, uint64_t after_ms, belfry_ticket on_behalf_of, uint64_t user_data);
} belfry_host_clock;

/* ---- metrics/1: shown as belfry_plugin_NAME{sink="..."}; names are [a-z][a-z0-9_]{0,47} ---- */
#define BELFRY_HOST_METRICS_1 "belfry.host.metrics/1"

#define BELFRY_MAX_METRICS 50u /* names of one sink */
#define BELFRY_MAX_METRIC_NAME_BYTES 48u

typedef struct belfry_host_metrics {
  uint32_t size;
  uint32_t reserved;
  void (*counter_add)(void* ctx, belfry_str name, double by);  /* [any & live] by >= 0 */
  void (*gauge_set)(void* ctx, belfry_str name, double value); /* [any & live] */
} belfry_host_metrics;

/* ---- Scopes of kv/1 and rate-limit/1; an unknown one is refused ---- */
#define BELFRY_SCOPE_SINK 0u    /* this sink only */
#define BELFRY_SCOPE_ACCOUNT 1u /* every sink with the same value of the property marked x-account */

/* ---- kv/1: small state that survives restarts; anyone who can read the gateway's store can read it ---- */
#define BELFRY_HOST_KV_1 "belfry.host.kv/1"

#define BELFRY_MAX_KV_KEY_BYTES 255u /* at least 1 */
#define BELFRY_MAX_KV_VALUE_BYTES 65536u
#define BELFRY_MAX_KV_KEYS 100000u /* of one scope */

/* belfry_kv_result.status; an unknown value counts as BELFRY_KV_FAILED */
#define BELFRY_KV_OK 0u
#define BELFRY_KV_NOT_FOUND 1u
#define BELFRY_KV_CONFLICT 2u /* compare-and-set: the stored version is another one; `version` is 0 */
#define BELFRY_KV_FAILED 3u   /* a bound is exceeded, or the store is failing */

#define BELFRY_KV_ANY_VERSION UINT64_MAX

typedef struct belfry_kv_result {
  uint32_t size;
  uint32_t status;
  uint64_t version; /* of the value read or written */
  belfry_str value; /* get only */
} belfry_kv_result;

/* The account scope follows the current value of the account: after a change, it is a different scope. Rationale: state of one account
 * must never be attributed to another. */
typedef struct belfry_host_kv {
  uint32_t size;
  uint32_t reserved;
  /* [any & live] Later one BELFRY_EVENT_KV, as for the next two. */
  belfry_ticket (*get)(void* ctx, uint32_t scope, belfry_str key, uint64_t user_data);
  /* [any & live] Completes when the value is on disk. expected_version: BELFRY_KV_ANY_VERSION, a version from get (compare-and-set), or 0
   * (only if absent). */
  belfry_ticket (*put_durable)(void* ctx, uint32_t scope, belfry_str key, belfry_str value, uint64_t expected_version, uint64_t user_data);
  /* [any & live] */
  belfry_ticket (*erase)(void* ctx, uint32_t scope, belfry_str key, uint64_t user_data);
  /* [any & live] Fire and forget, for caches: the value may be lost if the process ends. */
  void (*put)(void* ctx, uint32_t scope, belfry_str key, belfry_str value);
} belfry_host_kv;

/* ---- rate-limit/1: token buckets, shared by every lane that uses the same key ---- */
#define BELFRY_HOST_RATE_LIMIT_1 "belfry.host.rate-limit/1"

typedef struct belfry_bucket_key {
  uint32_t size;
  uint32_t scope;         /* BELFRY_SCOPE_*. An account whose value changes while the sink runs keeps its buckets */
  belfry_str method;      /* "users.lookupByEmail"; empty: all methods, at the rates from the configuration */
  belfry_str destination; /* a channel; empty: all */
} belfry_bucket_key;

typedef struct belfry_host_rate_limit {
  uint32_t size;
  uint32_t reserved;
  /* [any & live] `events` per `period_ms`, at most `burst` at once; each at least 1. Calling it again replaces the figures. */
  void (*define)(void* ctx, const belfry_bucket_key* bucket, uint32_t events, uint32_t period_ms, uint32_t burst);
  /* [any & live] Takes one token: later one BELFRY_EVENT_RATE_GRANT, in the order of the requests. A bucket without figures grants at once.
   */
  belfry_ticket (*acquire)(void* ctx, const belfry_bucket_key* bucket, belfry_ticket on_behalf_of, uint64_t user_data);
  /* [any & live] The remote has asked for a slower rate: the bucket grants nothing for retry_after_ms. */
  void (*report_limited)(void* ctx, const belfry_bucket_key* bucket, uint64_t retry_after_ms);
  /* [any & live] How long an acquire() made now would wait; 0 for a bucket without figures. */
  uint64_t (*wait_time_ms)(void* ctx, const belfry_bucket_key* bucket);
} belfry_host_rate_limit;

/* ---- recipients/1: reports facts about recipients to the host ---- */
#define BELFRY_HOST_RECIPIENTS_1 "belfry.host.recipients/1"

#define BELFRY_MAX_EMAIL_BYTES 254u
#define BELFRY_MAX_TIME_ZONE_BYTES 64u

typedef struct belfry_host_recipients {
  uint32_t size;
  uint32_t reserved;
  /* [any & live] The time zone in which a person lives, by its IANA name ("Europe/Berlin"); an unknown name is ignored. `email`: as in the
   * notification, compared case-insensitively. Applies to notifications that are accepted from then on, and survives restarts. The latest
   * report counts, whichever sink made it. */
  void (*set_time_zone)(void* ctx, belfry_str email, belfry_str time_zone);
} belfry_host_recipients;

/* ---- secrets/1: the host scrubs every revealed value from everything that is written about the sink. A value from a file is read again
 * when the file has changed ---- */
#define BELFRY_HOST_SECRETS_1 "belfry.host.secrets/1"

#define BELFRY_MAX_SECRET_BYTES 65536u

typedef struct belfry_host_secrets {
  uint32_t size;
  uint32_t reserved;
  /* [any & live] Writes the current value; fails if the reference is unknown. Reveal at each use, and do not keep the value. */
  belfry_status (*reveal)(void* ctx, belfry_str reference, const belfry_writer* out);
  /* [any & live] Registers a secret that the sink obtained by itself, such as a token that the remote issued: scrubbed from now on like a
   * revealed one. */
  void (*add_secret)(void* ctx, belfry_str value);
} belfry_host_secrets;

/* ---- offload/1: for code that blocks ---- */
#define BELFRY_HOST_OFFLOAD_1 "belfry.host.offload/1"

typedef struct belfry_host_offload {
  uint32_t size;
  uint32_t reserved;
  /* [any & live] Calls function(arg) on a thread of the host's pool, then sends one BELFRY_EVENT_OFFLOAD, always. `arg` must live until
   * that event, or for ever if it never arrives. */
  belfry_ticket (*run)(void* ctx, void (*function)(void* arg), void* arg, uint64_t user_data);
  /* [any & started] Like run(), for a ticket of deliver() or reconcile() that has made no other request yet: the time of the attempt starts
   * when the function is called, which gets the new deadline. If the ticket ends before that, the function is never called; the event
   * arrives all the same. For one delivery, a function runs after the event of the previous one; of one sink, at most as many run as
   * in-flight/1 allows. A sink that has none running gets a thread at once, however busy others are. */
  belfry_ticket (*run_for)(void* ctx, belfry_ticket on_behalf_of, void (*function)(void* arg, int64_t deadline_ms), void* arg,
                           uint64_t user_data);
} belfry_host_offload;

/* ---- Extensions of a sink: optional tables, some with a counterpart in the host ------------------------------------------ */

/* ---- inbound-http/1: receives HTTP requests at paths of the gateway's listener. The host answers 405 to another method, 413 to more than
 * BELFRY_MAX_INBOUND_BODY_BYTES, and 503 without a reply by the deadline of 2.5 s ---- */
#define BELFRY_HOST_INBOUND_HTTP_1 "belfry.host.inbound-http/1"
#define BELFRY_SINK_INBOUND_HTTP_1 "belfry.sink.inbound-http/1"

#define BELFRY_MAX_INBOUND_BODY_BYTES 262144u
#define BELFRY_MAX_INBOUND_ROUTES 64u

typedef struct belfry_inbound_request {
  uint32_t size;
  uint32_t header_count;
  belfry_str method;
  belfry_str path;
  belfry_str query;
  const belfry_http_header* headers;
  belfry_str body;     /* the raw bytes */
  int64_t deadline_ms; /* for the reply */
} belfry_inbound_request;

typedef struct belfry_inbound_reply {
  uint32_t size;
  uint32_t status; /* 200..599 */
  belfry_str content_type;
  belfry_str body;
} belfry_inbound_reply;

typedef struct belfry_host_inbound_http {
  uint32_t size;
  uint32_t reserved;
  void (*reply)(void* ctx, belfry_ticket ticket,
                const belfry_inbound_reply* reply); /* [any & started, stopping] ends a ticket of handle() */
} belfry_host_inbound_http;

typedef struct belfry_sink_inbound_http {
  uint32_t size;
  uint32_t reserved;
  /* [control & configured] Sets `routes` to an array, one method for each path, and returns its length. The array stays valid until the
   * next call into the sink. */
  uint32_t (*routes)(void* self, const belfry_inbound_route** routes);
  /* [strand & started] Authenticates a request by its raw bytes. 0: verified, handle() follows. Otherwise the status to refuse it with; one
   * outside 400..599 counts as 401. */
  uint32_t (*verify)(void* self, const belfry_inbound_request* request);
  /* [strand & started] Later exactly one reply(ticket). */
  void (*handle)(void* self, belfry_ticket ticket, const belfry_inbound_request* request);
} belfry_sink_inbound_http;

/* ---- reconcile/1: was this delivery made already? Called when the result of the previous attempt is unknown: after a crash during it, and
 * after an outcome with BELFRY_OUTCOME_MAYBE_DELIVERED ---- */
#define BELFRY_HOST_RECONCILE_1 "belfry.host.reconcile/1"
#define BELFRY_SINK_RECONCILE_1 "belfry.sink.reconcile/1"

/* belfry_reconcile_result.code; an unknown value counts as BELFRY_RECONCILE_UNKNOWN */
#define BELFRY_RECONCILE_FOUND 1u     /* settled as delivered, with the receipt */
#define BELFRY_RECONCILE_ABSENT 2u    /* the remote certainly does not have it: sent, unmarked */
#define BELFRY_RECONCILE_ASK_AGAIN 3u /* cannot be determined now: asked again after retry_after_ms; nothing is sent before that */
#define BELFRY_RECONCILE_UNKNOWN 4u   /* cannot be determined: sent, marked as a possible duplicate */

typedef struct belfry_reconcile_result {
  uint32_t size;
  uint32_t code;
  uint64_t retry_after_ms; /* of ASK_AGAIN; 0: the host chooses */
  belfry_str detail;       /* one sentence for people */
  belfry_str receipt_json; /* of FOUND: sdk/receipt.schema.json; empty: none */
} belfry_reconcile_result;

typedef struct belfry_host_reconcile {
  uint32_t size;
  uint32_t reserved;
  void (*settle)(void* ctx, belfry_ticket ticket, const belfry_reconcile_result* result); /* [any & started, stopping] */
} belfry_host_reconcile;

typedef struct belfry_sink_reconcile {
  uint32_t size;
  uint32_t reserved;
  /* [strand & started] Later exactly one settle(message->ticket). */
  void (*reconcile)(void* self, const belfry_message* message);
} belfry_sink_reconcile;

/* ---- check-online/1: will it work as configured? For `belfry check --online`, on a sink of its own ---- */
#define BELFRY_HOST_CHECK_ONLINE_1 "belfry.host.check-online/1"
#define BELFRY_SINK_CHECK_ONLINE_1 "belfry.sink.check-online/1"

typedef struct belfry_host_check_online {
  uint32_t size;
  uint32_t reserved;
  /* [any & checking] Any number, before end(). Fails when the finding is dropped. */
  belfry_status (*add)(void* ctx, belfry_ticket ticket, const belfry_finding* finding);
  /* [any & checking] Ends the check. `unfinished`: one sentence if not everything could be checked, which is an error; otherwise empty. */
  void (*end)(void* ctx, belfry_ticket ticket, belfry_str unfinished);
} belfry_host_check_online;

typedef struct belfry_sink_check_online {
  uint32_t size;
  uint32_t reserved;
  /* [strand & configured] Instead of start(): services may be used from this call on, and nothing that start() begins exists. Checks
   * against the remote, without a trace that a person sees and without taking anything that the running gateway needs. kv is empty and
   * stores nothing. Later exactly one end(ticket). */
  void (*check)(void* self, belfry_ticket ticket, int64_t deadline_ms);
} belfry_sink_check_online;

/* ---- in-flight/1: how many deliveries the sink works on at once ---- */
#define BELFRY_SINK_IN_FLIGHT_1 "belfry.sink.in-flight/1"

/* belfry_sink_in_flight.flags */
#define BELFRY_IN_FLIGHT_OFFLOADED 1u /* each delivery is one run_for: the threads of the offload pool are a limit too */

typedef struct belfry_sink_in_flight {
  uint32_t size;
  uint32_t flags;
  /* [control & configured] Queried once. At most that many deliveries are open at a time; the others stay in the queue. 0: no limit except
   * the configuration's. */
  uint32_t (*max)(void* self);
} belfry_sink_in_flight;

/* ---- render/1: the requests that deliver() would send, without sending them ---- */
#define BELFRY_SINK_RENDER_1 "belfry.sink.render/1"

typedef struct belfry_sink_render {
  uint32_t size;
  uint32_t reserved;
  /* [control & configured, started] Writes a JSON array of {"method","url","headers":{},"body"}, with credentials masked; on failure, a
   * sentence. */
  belfry_status (*render)(void* self, const belfry_message* message, const belfry_writer* out);
} belfry_sink_render;

#ifdef __cplusplus
}
#endif

#endif /* BELFRY_PLUGIN_H */
