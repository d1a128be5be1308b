/* A sink with every extension, built against plugin.h as it is and against one with appended members. */
#include <belfry/plugin.h>
#include <string.h>

#define STR(literal) {literal, sizeof(literal) - 1}
#define TEXT(literal) (belfry_str) STR(literal)

static const belfry_host* host;

static void complete(belfry_ticket ticket, const char* detail, const char* receipt) {
  const belfry_outcome outcome = {.size = sizeof outcome,
                                  .code = BELFRY_DELIVERED,
                                  .reason = TEXT("delivered"),
                                  .detail = {detail, strlen(detail)},
                                  .receipt_json = {receipt, strlen(receipt)}};
  host->complete(host->ctx, ticket, &outcome);
}

static belfry_status configure(void* self, belfry_str config_json, const belfry_findings* findings) {
  (void)self, (void)config_json;
  const belfry_finding warning = {.size = sizeof warning, .severity = BELFRY_FINDING_WARNING, .text = TEXT("this is a warning")};
  return findings->add(findings->ctx, &warning);
}
static belfry_status start(void* self, const belfry_writer* problem) {
  (void)self, (void)problem;
  return BELFRY_OK;
}

/* Ends with the event of a timer, whose `user_data` is the ticket of the delivery. */
static void deliver(void* self, const belfry_message* message) {
  (void)self;
  const belfry_host_clock* clock = host->service(host->ctx, TEXT(BELFRY_HOST_CLOCK_1));
  if (!BELFRY_HAS(clock, start_timer)) return;
  clock->start_timer(host->ctx, 0, message->ticket, message->ticket);
}
static void abandon(void* self, belfry_ticket ticket) { (void)self, (void)ticket; }
static void event(void* self, const belfry_event* event) {
  (void)self;
  if (event->kind == BELFRY_EVENT_TIMER) complete(event->user_data, "after an event", "{\"id\":\"delivered\"}");
}
static void stop(void* self, belfry_ticket done, int64_t deadline_ms) {
  (void)self, (void)deadline_ms;
  host->stopped(host->ctx, done);
}
static void destroy(void* self) { (void)self; }

static uint32_t routes(void* self, const belfry_inbound_route** out) {
  static const belfry_inbound_route all[] = {{STR("POST"), STR("/every")}};
  (void)self;
  *out = all;
  return sizeof all / sizeof all[0];
}
static uint32_t verify(void* self, const belfry_inbound_request* request) {
  (void)self, (void)request;
  return 0;
}
static void handle(void* self, belfry_ticket ticket, const belfry_inbound_request* request) {
  (void)self, (void)request;
  const belfry_host_inbound_http* inbound = host->service(host->ctx, TEXT(BELFRY_HOST_INBOUND_HTTP_1));
  if (!BELFRY_HAS(inbound, reply)) return;
  const belfry_inbound_reply reply = {.size = sizeof reply, .status = 202};
  inbound->reply(host->ctx, ticket, &reply);
}

static void reconcile(void* self, const belfry_message* message) {
  (void)self;
  const belfry_host_reconcile* host_reconcile = host->service(host->ctx, TEXT(BELFRY_HOST_RECONCILE_1));
  if (!BELFRY_HAS(host_reconcile, settle)) return;
  const belfry_reconcile_result found = {.size = sizeof found, .code = BELFRY_RECONCILE_FOUND, .receipt_json = TEXT("{\"id\":\"found\"}")};
  host_reconcile->settle(host->ctx, message->ticket, &found);
}

static belfry_status render(void* self, const belfry_message* message, const belfry_writer* out) {
  (void)self, (void)message;
  return out->write(out->ctx, TEXT("[]"));
}

static void check(void* self, belfry_ticket ticket, int64_t deadline_ms) {
  (void)self, (void)deadline_ms;
  const belfry_host_check_online* online = host->service(host->ctx, TEXT(BELFRY_HOST_CHECK_ONLINE_1));
  if (!BELFRY_HAS(online, end)) return;
  const belfry_finding note = {.size = sizeof note, .severity = BELFRY_FINDING_NOTE, .text = TEXT("checked")};
  online->add(host->ctx, ticket, &note);
  online->end(host->ctx, ticket, TEXT(""));
}

static uint32_t max_in_flight(void* self) {
  (void)self;
  return 3;
}

static const void* extension(void* self, belfry_str id) {
  static const belfry_sink_inbound_http inbound_table = {
      .size = sizeof inbound_table, .routes = routes, .verify = verify, .handle = handle};
  static const belfry_sink_reconcile reconcile_table = {.size = sizeof reconcile_table, .reconcile = reconcile};
  static const belfry_sink_render render_table = {.size = sizeof render_table, .render = render};
  static const belfry_sink_check_online check_table = {.size = sizeof check_table, .check = check};
  static const belfry_sink_in_flight in_flight_table = {.size = sizeof in_flight_table, .max = max_in_flight};
  const struct {
    const char* id;
    const void* table;
  } all[] = {{BELFRY_SINK_INBOUND_HTTP_1, &inbound_table},
             {BELFRY_SINK_RECONCILE_1, &reconcile_table},
             {BELFRY_SINK_RENDER_1, &render_table},
             {BELFRY_SINK_CHECK_ONLINE_1, &check_table},
             {BELFRY_SINK_IN_FLIGHT_1, &in_flight_table}};
  (void)self;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i)
    if (strlen(all[i].id) == id.len && memcmp(all[i].id, id.ptr, id.len) == 0) return all[i].table;
  return NULL;
}

static uint32_t count(void) { return 1; }

static const belfry_descriptor* descriptor(uint32_t index) {
  static const belfry_str services[] = {STR(BELFRY_HOST_INBOUND_HTTP_1), STR(BELFRY_HOST_RECONCILE_1)};
  static const belfry_str optional_services[] = {STR(BELFRY_HOST_CHECK_ONLINE_1)};
  static const belfry_descriptor only = {.size = sizeof only,
                                         .type = STR("hostile"),
                                         .title = STR("Every extension"),
                                         .version = STR("1"),
                                         .license = STR("Apache-2.0"),
                                         .config_schema_json = STR("{\"type\":\"object\"}"),
                                         .services = services,
                                         .optional_services = optional_services,
                                         .service_count = 2,
                                         .optional_service_count = 1};
  (void)index;
  return &only;
}

static belfry_status create(belfry_str type, const belfry_host* gateway, void** self, const belfry_sink_api** api) {
  static const belfry_sink_api table = {.size = sizeof table,
                                        .configure = configure,
                                        .start = start,
                                        .deliver = deliver,
                                        .abandon = abandon,
                                        .event = event,
                                        .stop = stop,
                                        .destroy = destroy,
                                        .extension = extension};
  (void)type;
  host = gateway;
  *self = NULL;
  *api = &table;
  return BELFRY_OK;
}

BELFRY_EXPORT const belfry_plugin_entry* belfry_plugin_entry_v1(void) {
  static const belfry_plugin_entry entry = {.size = sizeof entry,
                                            .magic = BELFRY_PLUGIN_MAGIC,
                                            .abi_major = BELFRY_ABI_MAJOR,
                                            .abi_minor = BELFRY_ABI_MINOR,
                                            .count = count,
                                            .descriptor = descriptor,
                                            .create = create};
  return &entry;
}
