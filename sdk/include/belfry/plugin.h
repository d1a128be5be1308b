/* Belfry plugin ABI, version 0 (not frozen: it may still change between releases; version 1 will not).
 *
 * A plugin is a shared library that exports one function, belfry_plugin_entry_v0. The gateway ("host") reads the
 * descriptors of the sinks that it offers, creates instances of them, and passes each instance messages to deliver. The two share this
 * header and nothing else.
 *
 * Rules, for both sides:
 *  - Every struct but the basic shapes starts with `size`, filled in by its writer. Members are only ever appended. A reader works on a
 *    zero-filled copy of min(size, sizeof) bytes, so that either side may be the older one.
 *  - A table of functions is accepted if it reaches its last required function, and those are not null. Functions appended later are
 *    optional: check them with BELFRY_HAS before a call.
 *  - Writers set `reserved` to 0, readers ignore it. Unknown flag bits are ignored. Each enumeration defines what unknown values mean.
 *  - Text is UTF-8, pointer and length, not zero-ended. In-arguments are borrowed until the call returns: copy what you keep.
 *  - Descriptors and tables of functions are static in their library. The host never unloads a library.
 *  - Asynchronous results are identified by tickets, never by pointers. 0 is not a ticket. Completing a ticket twice does nothing and is
 *    counted.
 *  - The host never calls an instance from inside that instance's own call into the host, and one instance never sees two calls at once.
 *  - No exception may cross this boundary.
 *  - Signals are the host's: a plugin leaves their handlers and masks alone.
 *
 * Each function carries one of these tags:
 *  [scan]     before any instance exists; no I/O; under 50 ms
 *  [control]  serial with everything else of that instance; may take seconds
 *  [strand]   serial; must return in under 10 ms. An instance that does not return for seconds is parked as "hung"
 *  [any]      any thread, at any time between create and destroy
 */
#ifndef BELFRY_PLUGIN_H
#define BELFRY_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BELFRY_PLUGIN_MAGIC 0x59464C42u /* "BLFY" in memory on a little-endian machine */
#define BELFRY_ABI_MAJOR 0u
#define BELFRY_ABI_MINOR 5u
#define BELFRY_PLUGIN_ENTRY_NAME "belfry_plugin_entry_v0"

#if defined(__GNUC__)
#define BELFRY_EXPORT __attribute__((visibility("default")))
#else
#define BELFRY_EXPORT
#endif

/* Whether `table`, which the other side wrote, reaches `member`, and the member is not null. */
#define BELFRY_HAS(table, member) \
  ((size_t)((const char*)(&(table)->member + 1) - (const char*)(table)) <= (table)->size && (table)->member != 0)

/* ---- Basic shapes, frozen for ever ---------------------------------------------------------------------------------- */

typedef struct belfry_str {
  const char* ptr; /* may be null when len is 0 */
  size_t len;      /* bytes */
} belfry_str;

/* How out-text is handed over: called any number of times during the call that was given the writer, the pieces are joined. */
typedef struct belfry_writer {
  void* ctx;
  void (*write)(void* ctx, belfry_str piece);
} belfry_writer;

/* Elements of arrays, so without a size. */
typedef struct belfry_http_header {
  belfry_str name;
  belfry_str value;
} belfry_http_header;

typedef uint64_t belfry_ticket;

/* ---- Outcome -------------------------------------------------------------------------------------------------------- */

/* belfry_outcome.code. An unknown code counts as BELFRY_RETRY. */
#define BELFRY_DELIVERED 1u    /* the remote accepted it; the receipt is kept */
#define BELFRY_RETRY 2u        /* transient; tried again later, retry_after_ms is a minimum */
#define BELFRY_RATE_LIMITED 3u /* rate limited by the remote: limit_scope is paused for exactly retry_after_ms; not a failed attempt */
#define BELFRY_REJECTED 4u     /* this message can never succeed here: fallback, or dead letter */
#define BELFRY_MISCONFIGURED \
  5u /* wrong credentials, scope or channel: the lane is parked and probed slowly, nothing is lost, the operator is notified */

/* belfry_outcome.flags */
#define BELFRY_OUTCOME_MAYBE_DELIVERED 1u /* bytes went out and no answer came: another attempt may arrive twice */

/* belfry_outcome.limit_scope; an unknown value counts as BELFRY_LIMIT_CREDENTIAL */
#define BELFRY_LIMIT_NONE 0u
#define BELFRY_LIMIT_RECIPIENT 1u  /* this destination only */
#define BELFRY_LIMIT_METHOD 2u     /* one remote method; the host pauses the whole sink */
#define BELFRY_LIMIT_CREDENTIAL 3u /* everything that uses this credential */

typedef struct belfry_outcome {
  uint32_t size;
  uint32_t code;
  uint32_t flags;
  uint32_t http_status;    /* 0: none */
  uint64_t retry_after_ms; /* 0: unspecified */
  uint32_t limit_scope;
  uint32_t reserved;
  belfry_str reason;       /* slug [a-z_]{1,40}, compulsory; anything else is recorded as "unspecified" */
  belfry_str detail;       /* one sentence for people; the host scrubs secrets from it */
  belfry_str receipt_json; /* sdk/receipt.schema.json; empty: none */
} belfry_outcome;

/* ---- Message -------------------------------------------------------------------------------------------------------- */

/* belfry_message.flags */
#define BELFRY_MESSAGE_POSSIBLE_DUPLICATE 1u /* an earlier attempt may have arrived; a sink may show the reader a note */
#define BELFRY_MESSAGE_SENSITIVE 2u          /* never to a shared destination, unless body_json has allow_sensitive */

typedef struct belfry_message {
  uint32_t size;
  uint32_t attempt; /* 1, 2, ... */
  uint32_t flags;
  uint32_t reserved;
  belfry_ticket ticket;          /* to be completed exactly once */
  int64_t deadline_unix_ms;      /* after it the ticket is abandoned; work that run_for postpones gets a later one */
  belfry_str delivery_id;        /* the idempotency key: the same for every attempt, other for every delivery */
  belfry_str body_json;          /* sdk/message.schema.json */
  belfry_str prior_receipt_json; /* of the last message with the same update key; empty: none */
} belfry_message;

/* ---- Events: every asynchronous result of an instance arrives here ------------------------------------------------ */

/* Kinds of event. `payload` points to the struct named here and is borrowed for the call. Unknown kinds are to be ignored. */
#define BELFRY_EVENT_HTTP 1u       /* belfry_http_result; ticket of http-client send */
#define BELFRY_EVENT_TIMER 2u      /* null; ticket of clock start_timer */
#define BELFRY_EVENT_KV 3u         /* belfry_kv_result; ticket of a kv call */
#define BELFRY_EVENT_RATE_GRANT 4u /* null; ticket of rate-limit acquire: go ahead now */
#define BELFRY_EVENT_OFFLOAD 5u    /* null; ticket of offload run or run_for: the function has returned, or is never called */
#define BELFRY_EVENT_WEBSOCKET 6u  /* belfry_websocket_event; ticket of websocket connect: many; the last one is CLOSED */

/* ---- Instance: what a plugin implements -------------------------------------------------------------------------------- */

/* A static table. `self` is what create() gave. Every function but `extension` is required. */
typedef struct belfry_instance {
  uint32_t size;
  uint32_t reserved;

  /* [control] Once, before start. No network. config_json is valid against the descriptor's schema and has its defaults; a value with
   * x-secret in its schema is a reference for secrets/1. Returns 0 when accepted. Otherwise, and for warnings too, writes lines of
   * "POINTER<TAB>TEXT\n": an RFC 6901 pointer into the configuration, and one sentence. */
  int32_t (*configure)(void* self, belfry_str config_json, const belfry_writer* problems);

  /* [control] May use every service from here on. Returns 0, or not 0 and a sentence in `problem`. */
  int32_t (*start)(void* self, const belfry_writer* problem);

  /* [strand] Later, exactly one host->complete(message->ticket). Completing before this returns is allowed. */
  void (*deliver)(void* self, const belfry_message* message);

  /* [strand] The ticket's deadline has passed: free what belongs to it. Its pending requests and timers are gone already.
   * A late completion is counted; with DELIVERED it still settles the delivery. */
  void (*abandon)(void* self, belfry_ticket ticket);

  /* [strand] Something that was asked of the host has come back. */
  void (*event)(void* self, belfry_ticket ticket, uint32_t kind, const void* payload);

  /* [control] No deliver comes after it. Finish or drop what is open, then complete `done` (its outcome is not looked at). */
  void (*stop)(void* self, belfry_ticket done);

  /* [control] The last call. Frees self. */
  void (*destroy)(void* self);

  /* [control] An optional table, by id; null when not there. Asked after configure, before start. May itself be null. */
  const void* (*extension)(void* self, belfry_str id);
} belfry_instance;

/* ---- Host: what the gateway gives an instance -------------------------------------------------------------------------- */

typedef struct belfry_host {
  uint32_t size;
  uint32_t abi_minor;
  void* ctx; /* first argument of every host function and of every function of a service */

  /* [any] A static table by id ("belfry.http-client/1"), or null when this host does not have it. */
  const void* (*service)(void* ctx, belfry_str id);

  /* [any] Ends a ticket of deliver, stop, reconcile or check-online. */
  void (*complete)(void* ctx, belfry_ticket ticket, const belfry_outcome* outcome);
} belfry_host;

/* ---- Entry: what the one exported function returns ---------------------------------------------------------------------- */

typedef struct belfry_descriptor {
  uint32_t size;
  uint32_t reserved;
  belfry_str type;    /* [a-z][a-z0-9_-]{0,31}: `plugin: slack` in the configuration */
  belfry_str title;   /* for people, one line */
  belfry_str version; /* of the plugin */
  belfry_str license; /* SPDX expression */
  /* JSON Schema (draft-07), type object, for the sink's `config`. Annotations that the host reads: "default"; "x-secret": true (a secret
   * string); "x-destination": true (a string that names a shared place, which takes the place of the recipient; a route may override it);
   * "x-override": true (a route may override it); "x-obtain": where a person gets a secret, to complete "it is ...". */
  belfry_str config_schema_json;
  uint64_t capabilities; /* none defined yet: 0 */
} belfry_descriptor;

typedef struct belfry_plugin_entry {
  uint32_t size;
  uint32_t magic;            /* BELFRY_PLUGIN_MAGIC */
  uint32_t abi_major;        /* BELFRY_ABI_MAJOR of the header it was built with */
  uint32_t abi_minor;        /* BELFRY_ABI_MINOR of that header; while the major is 0 it must be that of the host */
  uint32_t needs_host_minor; /* the lowest minor of the host that it works with */
  uint32_t reserved;

  /* [scan] */
  uint32_t (*count)(void);
  /* [scan] 0 <= index < count() */
  const belfry_descriptor* (*descriptor)(uint32_t index);
  /* [control] Allocates, nothing else. `host` stays valid until destroy. Returns 0 and sets both, or not 0. */
  int32_t (*create)(uint32_t index, const belfry_host* host, void** self, const belfry_instance** instance);
} belfry_plugin_entry;

typedef const belfry_plugin_entry* (*belfry_plugin_entry_fn)(void);

/* The one export. [scan] */
BELFRY_EXPORT const belfry_plugin_entry* belfry_plugin_entry_v0(void);

/* ---- Services of the host ----------------------------------------------------------------------------------------------- */

/* http-client/1. The host owns TLS, proxy, pooling and the size cap; redirects are never followed. */
#define BELFRY_HTTP_CLIENT_1 "belfry.http-client/1"

typedef struct belfry_http_request {
  uint32_t size;
  uint32_t timeout_ms;        /* 0: until shortly (at most 200 ms) before the deadline of on_behalf_of, which leaves time to report the
                               * outcome; 10 s without a ticket */
  belfry_ticket on_behalf_of; /* 0, or a ticket of deliver/reconcile/inbound: the request dies with it, silently */
  belfry_str method;          /* "GET", "POST" */
  belfry_str url;             /* absolute http(s) */
  const belfry_http_header* headers;
  uint32_t header_count;
  uint32_t reserved;
  belfry_str body;
  uint64_t max_response_bytes; /* 0: 1 MiB */
} belfry_http_request;

/* belfry_http_result.error; an unknown value counts as BELFRY_HTTP_CLOSED */
#define BELFRY_HTTP_OK 0u
#define BELFRY_HTTP_INVALID 1u /* the request itself is wrong; never sent */
#define BELFRY_HTTP_RESOLVE 2u
#define BELFRY_HTTP_CONNECT 3u
#define BELFRY_HTTP_TLS 4u
#define BELFRY_HTTP_TIMEOUT 5u
#define BELFRY_HTTP_CLOSED 6u /* the peer closed before the answer was complete */
#define BELFRY_HTTP_TOO_LARGE 7u
#define BELFRY_HTTP_MALFORMED 8u /* the answer is not HTTP */
#define BELFRY_HTTP_REFUSED 9u   /* too many requests wait already */

/* belfry_http_result.flags */
#define BELFRY_HTTP_REQUEST_SENT 1u /* with an error: bytes of the request may have reached the peer */

typedef struct belfry_http_result {
  uint32_t size;
  uint32_t error; /* 0: `status` and what follows are valid */
  uint32_t flags;
  uint32_t status; /* 100..599 */
  const belfry_http_header* headers;
  uint32_t header_count;
  uint32_t reserved;
  belfry_str body;
  belfry_str error_text; /* one sentence for people */
} belfry_http_result;

typedef struct belfry_http_client {
  uint32_t size;
  uint32_t reserved;
  /* [any] Later one BELFRY_EVENT_HTTP with the ticket returned. 0 when the instance is being destroyed. */
  belfry_ticket (*send)(void* ctx, const belfry_http_request* request);
  /* [strand] No event comes for the ticket afterwards. */
  void (*cancel)(void* ctx, belfry_ticket ticket);
} belfry_http_client;

/* websocket/1 (host minor 2): connections of the instance, client side. The host owns TLS, proxy, framing and pings; no extension of the
 * protocol is offered, redirects are not followed, nothing is connected again. */
#define BELFRY_WEBSOCKET_1 "belfry.websocket/1"

typedef struct belfry_websocket_request {
  uint32_t size;
  uint32_t timeout_ms; /* until it is open; 0: 10 s */
  belfry_str url;      /* absolute ws(s) */
  const belfry_http_header* headers;
  uint32_t header_count;
  uint32_t ping_interval_ms;  /* between the host's own pings; 0: 20 s */
  uint32_t pong_timeout_ms;   /* no answer to a ping for so long: closed; 0: 10 s */
  uint32_t idle_timeout_ms;   /* no message and no ping from the peer for so long: closed; 0: no limit */
  uint64_t max_message_bytes; /* 0: 1 MiB; at most 16 MiB */
} belfry_websocket_request;

/* belfry_websocket_event.kind; others are to be ignored. */
#define BELFRY_WEBSOCKET_OPEN 1u
#define BELFRY_WEBSOCKET_TEXT 2u   /* `data`: a whole message, valid UTF-8 */
#define BELFRY_WEBSOCKET_BINARY 3u /* `data`: a whole message */
#define BELFRY_WEBSOCKET_CLOSED 4u /* the end of the ticket, whether it was ever open or not */

typedef struct belfry_websocket_event {
  uint32_t size;
  uint32_t kind;
  belfry_str data;      /* of CLOSED: the reason that the peer gave */
  uint32_t close_code;  /* of CLOSED: the peer's code (RFC 6455 section 7.4); 1005: it gave none; 0: no close frame came */
  uint32_t error;       /* of CLOSED: BELFRY_HTTP_*. 0: orderly close, or the handshake failed with `http_status` */
  uint32_t http_status; /* of CLOSED: the handshake was answered with this status, which is not 101; else 0 */
  uint32_t reserved;
  belfry_str error_text; /* of CLOSED, unless orderly: one sentence for people */
} belfry_websocket_event;

typedef struct belfry_websocket {
  uint32_t size;
  uint32_t reserved;
  /* [any] Later OPEN or CLOSED. At most 16 connections of one instance; more are refused. 0 when the instance is being destroyed. Headers
   * of the handshake itself (Host, Upgrade, Connection, Sec-WebSocket-*) are the host's: given ones are left out. */
  belfry_ticket (*connect)(void* ctx, const belfry_websocket_request* request);
  /* [any] Lets `messages` more come. None comes unasked, so that a plugin that is slow slows the peer down and not the host's memory. */
  void (*receive)(void* ctx, belfry_ticket ticket, uint32_t messages);
  /* [any] 0: taken, goes out in order. Not 0: not open, not valid UTF-8, or more than max_message_bytes wait already. */
  int32_t (*send_text)(void* ctx, belfry_ticket ticket, belfry_str text);
  /* [any] Sends what waits, then a close frame; CLOSED follows when the peer has answered, at the latest after 5 s. Before OPEN: gives up.
   * No message comes any more. `code`: 1000 or 3000..4999; `reason`: at most 123 bytes. */
  void (*close)(void* ctx, belfry_ticket ticket, uint32_t code, belfry_str reason);
} belfry_websocket;

/* log/1. Lines carry the name of the sink; secrets are scrubbed; a flood is cut and counted. */
#define BELFRY_LOG_1 "belfry.log/1"
#define BELFRY_LOG_DEBUG 1u
#define BELFRY_LOG_INFO 2u
#define BELFRY_LOG_WARN 3u
#define BELFRY_LOG_ERROR 4u

typedef struct belfry_log {
  uint32_t size;
  uint32_t reserved;
  void (*write)(void* ctx, uint32_t level, belfry_str line); /* [any] one line, at most 4 KiB are kept */
} belfry_log;

/* clock/1 */
#define BELFRY_CLOCK_1 "belfry.clock/1"

typedef struct belfry_clock {
  uint32_t size;
  uint32_t reserved;
  int64_t (*now_unix_ms)(void* ctx);  /* [any] */
  int64_t (*monotonic_ms)(void* ctx); /* [any] for differences */
  /* [any] Later one BELFRY_EVENT_TIMER. Dies with on_behalf_of when that is not 0. */
  belfry_ticket (*start_timer)(void* ctx, uint64_t after_ms, belfry_ticket on_behalf_of);
  void (*cancel_timer)(void* ctx, belfry_ticket ticket); /* [strand] */
} belfry_clock;

/* metrics/1. Names are [a-z][a-z0-9_]{0,47}; shown as belfry_plugin_NAME{sink="..."}. At most 50 names per instance. */
#define BELFRY_METRICS_1 "belfry.metrics/1"

typedef struct belfry_metrics {
  uint32_t size;
  uint32_t reserved;
  void (*counter_add)(void* ctx, belfry_str name, double by);  /* [any] by >= 0 */
  void (*gauge_set)(void* ctx, belfry_str name, double value); /* [any] */
} belfry_metrics;

/* kv/1: small state that survives restarts, readable to whoever may read the gateway's store. Keys 1..255 bytes, values up to 64 KiB, at
 * most 100,000 keys per scope. */
#define BELFRY_KV_1 "belfry.kv/1"
#define BELFRY_KV_INSTANCE 0u   /* belfry_kv scope: this sink's own */
#define BELFRY_KV_CREDENTIAL 1u /* shared by all sinks whose first x-secret value is the same now; another one after it has changed */

#define BELFRY_KV_OK 0u
#define BELFRY_KV_NOT_FOUND 1u
#define BELFRY_KV_CONFLICT 2u /* compare-and-set: the version was another one; `version` is 0 */
#define BELFRY_KV_FAILED 3u   /* quota, or the store is failing */

#define BELFRY_KV_ANY_VERSION UINT64_MAX

typedef struct belfry_kv_result {
  uint32_t size;
  uint32_t status;
  uint64_t version; /* of the value read or written */
  belfry_str value; /* of get */
} belfry_kv_result;

typedef struct belfry_kv {
  uint32_t size;
  uint32_t reserved;
  /* [any] All three: later one BELFRY_EVENT_KV. */
  belfry_ticket (*get)(void* ctx, uint32_t scope, belfry_str key);
  /* Completes when the value is on disk. expected_version: BELFRY_KV_ANY_VERSION, a version from get (compare and set), or 0: only when
   * absent. */
  belfry_ticket (*put_durable)(void* ctx, uint32_t scope, belfry_str key, belfry_str value, uint64_t expected_version);
  belfry_ticket (*erase)(void* ctx, uint32_t scope, belfry_str key);
  /* [any] Fire and forget: for caches. May be lost with the process. */
  void (*put)(void* ctx, uint32_t scope, belfry_str key, belfry_str value);
} belfry_kv;

/* rate-limit/1: token buckets named by credential, method and destination, shared by every lane that uses the same names. A credential that
 * changes while the instance lives keeps its buckets. */
#define BELFRY_RATE_LIMIT_1 "belfry.rate-limit/1"

typedef struct belfry_budget {
  uint32_t size;
  uint32_t reserved;
  belfry_str credential;  /* a secret reference as it stands in the configuration, or empty for this instance */
  belfry_str method;      /* "users.lookupByEmail", or empty for all methods */
  belfry_str destination; /* a channel, or empty for all */
} belfry_budget;

typedef struct belfry_rate_limit {
  uint32_t size;
  uint32_t reserved;
  /* [any] `events` per `period_ms`, at most `burst` at once. Calling again with other figures replaces them. */
  void (*define)(void* ctx, const belfry_budget* budget, uint32_t events, uint32_t period_ms, uint32_t burst);
  /* [any] Takes one from the budget: later one BELFRY_EVENT_RATE_GRANT, in the order of asking. A budget that was not defined is granted.
   */
  belfry_ticket (*acquire)(void* ctx, const belfry_budget* budget, belfry_ticket on_behalf_of);
  /* [any] Reports a rate limit of the remote: nothing of this budget is granted for retry_after_ms. */
  void (*limited)(void* ctx, const belfry_budget* budget, uint64_t retry_after_ms);
  /* [any] Host minor 4. Milliseconds that an acquire would wait that is made now; 0 for a budget that was not defined. */
  uint64_t (*wait)(void* ctx, const belfry_budget* budget);
} belfry_rate_limit;

/* recipients/1 (host minor 3): reports facts about recipients to the host. */
#define BELFRY_RECIPIENTS_1 "belfry.recipients/1"

typedef struct belfry_recipients {
  uint32_t size;
  uint32_t reserved;
  /* [any] The time zone that a person lives in, by an IANA name ("Europe/Berlin", 1..64 bytes); an unknown name is ignored.
   * `email`: as the notification has it, upper and lower case are the same, 1..254 bytes. The host keeps it, for rules that count hours
   * where the recipient is; it holds for what is accepted from then on. The latest report counts, whichever sink made it. */
  void (*time_zone)(void* ctx, belfry_str email, belfry_str time_zone);
} belfry_recipients;

/* secrets/1. The host scrubs every revealed value from all that is written about the instance. A value that comes from a file is read again
 * when the file has changed. */
#define BELFRY_SECRETS_1 "belfry.secrets/1"

typedef struct belfry_secrets {
  uint32_t size;
  uint32_t reserved;
  /* [any] except while configuring in a probe. Returns 0 and writes the present value; not 0: unknown reference. Reveal at use, do not
   * keep. */
  int32_t (*reveal)(void* ctx, belfry_str reference, const belfry_writer* out);
  /* [any] Registers a secret that the instance obtained by itself, such as a token from the remote: scrubbed from now on like a revealed
   * one. */
  void (*learn)(void* ctx, belfry_str value);
} belfry_secrets;

/* offload/1: for code that blocks. */
#define BELFRY_OFFLOAD_1 "belfry.offload/1"

typedef struct belfry_offload {
  uint32_t size;
  uint32_t reserved;
  /* [any] Runs run(arg) on a thread of the host's own pool, then one BELFRY_EVENT_OFFLOAD. `arg` must live until `run` has returned,
   * whatever is abandoned or destroyed meanwhile. `run` may use [any] services. */
  belfry_ticket (*run)(void* ctx, void (*run)(void* arg), void* arg);
  /* [any] Host minor 5. The same for the work of a ticket of deliver or reconcile that has asked for nothing else before: the attempt's
   * time begins when the function is called, which is given the new deadline. When the ticket ends before that, the function is never
   * called; the event comes all the same. For one delivery the next function runs after the event of the last; of one instance at most as
   * many run as in-flight/1 allows. An instance that has none running gets a thread at once, however busy the others are. */
  belfry_ticket (*run_for)(void* ctx, belfry_ticket on_behalf_of, void (*run)(void* arg, int64_t deadline_unix_ms), void* arg);
} belfry_offload;

/* inbound-http/1, the host's half: answers a request that the extension below was given. */
#define BELFRY_INBOUND_HTTP_1 "belfry.inbound-http/1"

typedef struct belfry_inbound_reply {
  uint32_t size;
  uint32_t status; /* 200..599 */
  belfry_str content_type;
  belfry_str body;
} belfry_inbound_reply;

typedef struct belfry_inbound_replies {
  uint32_t size;
  uint32_t reserved;
  void (*reply)(void* ctx, belfry_ticket ticket, const belfry_inbound_reply* reply); /* [any] */
} belfry_inbound_replies;

/* check-online/1, the host's half: takes down what a check of the extension below finds. */
#define BELFRY_CHECK_ONLINE_1 "belfry.check-online/1"

/* belfry_finding.severity; an unknown value counts as a warning */
#define BELFRY_FINDING_ERROR 1u   /* deliveries will fail */
#define BELFRY_FINDING_WARNING 2u /* something will not work as it could */
#define BELFRY_FINDING_NOTE 3u    /* worth knowing: what is in order, or cannot be asked */

typedef struct belfry_finding {
  uint32_t size;
  uint32_t severity;
  belfry_str pointer; /* RFC 6901, into the configuration; empty: about all of it */
  belfry_str text;    /* the finding, a sentence without its full stop */
  belfry_str remedy;  /* the fix, a sentence without its full stop; empty: no action needed */
} belfry_finding;

typedef struct belfry_findings {
  uint32_t size;
  uint32_t reserved;
  void (*add)(void* ctx, belfry_ticket ticket, const belfry_finding* finding); /* [any] before the ticket is completed */
} belfry_findings;

/* ---- Extensions of an instance ------------------------------------------------------------------------------------------ */

/* inbound-http/1, the plugin's half, under the same id. The host answers 405 for another method, 413 over 256 KiB, 503 without a reply
 * in 2.5 s. */
typedef struct belfry_inbound_request {
  uint32_t size;
  uint32_t header_count;
  belfry_str method;
  belfry_str path;
  belfry_str query;
  const belfry_http_header* headers;
  belfry_str body; /* the raw bytes */
} belfry_inbound_request;

typedef struct belfry_inbound_http {
  uint32_t size;
  uint32_t reserved;
  /* [control] The paths, after configure: written one a line, "POST /slack/events\n". */
  void (*routes)(void* self, const belfry_writer* out);
  /* [strand] Decides on the raw bytes who is asking. 0: verified, handle follows. Otherwise the status to refuse with (401). */
  uint32_t (*verify)(void* self, const belfry_inbound_request* request);
  /* [strand] Later exactly one reply(ticket). */
  void (*handle)(void* self, belfry_ticket ticket, const belfry_inbound_request* request);
} belfry_inbound_http;

/* reconcile/1: was this delivery already made? Called when the result of the previous attempt is unknown: after a crash in the middle of
 * it, and after an outcome with MAYBE_DELIVERED. */
#define BELFRY_RECONCILE_1 "belfry.reconcile/1"

typedef struct belfry_reconcile {
  uint32_t size;
  uint32_t reserved;
  /* [strand] Later one complete(message->ticket): DELIVERED when found (with its receipt); REJECTED when certainly not there (it is then
   * sent, unmarked); RATE_LIMITED when it cannot be determined now (called again after retry_after_ms, nothing is sent before); anything
   * else when unknown (it is sent, marked as a possible duplicate). */
  void (*reconcile)(void* self, const belfry_message* message);
} belfry_reconcile;

/* in-flight/1 (host minor 5): how many deliveries the instance works on at once. */
#define BELFRY_IN_FLIGHT_1 "belfry.in-flight/1"

/* belfry_in_flight.flags */
#define BELFRY_IN_FLIGHT_OFFLOADED 1u /* each delivery is one run_for: the threads of the offload pool are a limit too */

typedef struct belfry_in_flight {
  uint32_t size;
  uint32_t flags;
  /* [control] Asked once, after configure. The host calls deliver for no more than that before earlier ones have ended; the others stay in
   * the queue. 0: no limit but the configuration's. */
  uint32_t (*most)(void* self);
} belfry_in_flight;

/* render/1: the requests that deliver would send, without sending. */
#define BELFRY_RENDER_1 "belfry.render/1"

typedef struct belfry_render {
  uint32_t size;
  uint32_t reserved;
  /* [control] Writes a JSON array of {"method","url","headers":{},"body"}. Returns 0, or not 0 and a sentence. */
  int32_t (*render)(void* self, const belfry_message* message, const belfry_writer* out);
} belfry_render;

/* check-online/1, the plugin's half, under the same id: will it work as it is configured? For `belfry check --online`. */
typedef struct belfry_check_online {
  uint32_t size;
  uint32_t reserved;
  /* [strand] Instead of start: services may be used from here on, and what start begins is not begun. Asks the remotes, without leaving
   * anything behind that a person sees or that another instance needs; kv is empty and takes nothing. Any number of findings, then one
   * complete(ticket): DELIVERED when everything was asked; otherwise its detail is an error too. */
  void (*check)(void* self, belfry_ticket ticket);
} belfry_check_online;

#ifdef __cplusplus
}
#endif

#endif /* BELFRY_PLUGIN_H */
