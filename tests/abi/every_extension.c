/* A sink with every extension, built against plugin.h as it is and against one with appended members. */
#include <belfry/plugin.h>
#include <string.h>

#define TEXT(literal) (belfry_str){literal, sizeof(literal) - 1}

static const belfry_host* host;

static void complete(belfry_ticket ticket, const char* receipt) {
  const belfry_outcome outcome = {
      .size = sizeof outcome, .code = BELFRY_DELIVERED, .reason = TEXT("delivered"), .receipt_json = {receipt, strlen(receipt)}};
  host->complete(host->ctx, ticket, &outcome);
}

static int32_t configure(void* self, belfry_str config, const belfry_writer* problems) {
  (void)self, (void)config, (void)problems;
  return 0;
}
static int32_t start(void* self, const belfry_writer* problem) {
  (void)self, (void)problem;
  return 0;
}
static void deliver(void* self, const belfry_message* message) {
  (void)self;
  complete(message->ticket, "{\"id\":\"delivered\"}");
}
static void abandon(void* self, belfry_ticket ticket) { (void)self, (void)ticket; }
static void event(void* self, belfry_ticket ticket, uint32_t kind, const void* payload) {
  (void)self, (void)ticket, (void)kind, (void)payload;
}
static void stop(void* self, belfry_ticket done) {
  (void)self;
  complete(done, "");
}
static void destroy(void* self) { (void)self; }

static void routes(void* self, const belfry_writer* out) {
  (void)self;
  out->write(out->ctx, TEXT("POST /every\n"));
}
static uint32_t verify(void* self, const belfry_inbound_request* request) {
  (void)self, (void)request;
  return 0;
}
static void handle(void* self, belfry_ticket ticket, const belfry_inbound_request* request) {
  (void)self, (void)request;
  const belfry_inbound_replies* replies = host->service(host->ctx, TEXT(BELFRY_INBOUND_HTTP_1));
  if (!BELFRY_HAS(replies, reply)) return;
  const belfry_inbound_reply reply = {.size = sizeof reply, .status = 202};
  replies->reply(host->ctx, ticket, &reply);
}
static void reconcile(void* self, const belfry_message* message) {
  (void)self;
  complete(message->ticket, "{\"id\":\"found\"}");
}
static int32_t render(void* self, const belfry_message* message, const belfry_writer* out) {
  (void)self, (void)message;
  out->write(out->ctx, TEXT("[]"));
  return 0;
}
static void check(void* self, belfry_ticket ticket) {
  (void)self;
  complete(ticket, "");
}
static uint32_t in_flight(void* self) {
  (void)self;
  return 3;
}

static const void* extension(void* self, belfry_str id) {
  static const belfry_inbound_http inbound_table = {.size = sizeof inbound_table, .routes = routes, .verify = verify, .handle = handle};
  static const belfry_reconcile reconcile_table = {.size = sizeof reconcile_table, .reconcile = reconcile};
  static const belfry_render render_table = {.size = sizeof render_table, .render = render};
  static const belfry_check_online check_table = {.size = sizeof check_table, .check = check};
  static const belfry_in_flight in_flight_table = {.size = sizeof in_flight_table, .most = in_flight};
  const struct {
    const char* id;
    const void* table;
  } all[] = {{BELFRY_INBOUND_HTTP_1, &inbound_table},
             {BELFRY_RECONCILE_1, &reconcile_table},
             {BELFRY_RENDER_1, &render_table},
             {BELFRY_CHECK_ONLINE_1, &check_table},
             {BELFRY_IN_FLIGHT_1, &in_flight_table}};
  (void)self;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i)
    if (strlen(all[i].id) == id.len && memcmp(all[i].id, id.ptr, id.len) == 0) return all[i].table;
  return NULL;
}

static uint32_t count(void) { return 1; }

static const belfry_descriptor* descriptor(uint32_t index) {
  static const belfry_descriptor only = {.size = sizeof only,
                                         .type = {"hostile", 7},
                                         .title = {"Every extension", 15},
                                         .version = {"1", 1},
                                         .license = {"Apache-2.0", 10},
                                         .config_schema_json = {"{\"type\":\"object\"}", 17}};
  (void)index;
  return &only;
}

static int32_t create(uint32_t index, const belfry_host* given, void** self, const belfry_instance** instance) {
  static const belfry_instance table = {.size = sizeof table,
                                        .configure = configure,
                                        .start = start,
                                        .deliver = deliver,
                                        .abandon = abandon,
                                        .event = event,
                                        .stop = stop,
                                        .destroy = destroy,
                                        .extension = extension};
  (void)index;
  host = given;
  *self = NULL;
  *instance = &table;
  return 0;
}

BELFRY_EXPORT const belfry_plugin_entry* belfry_plugin_entry_v0(void) {
  static const belfry_plugin_entry entry = {.size = sizeof entry,
                                            .magic = BELFRY_PLUGIN_MAGIC,
                                            .abi_major = BELFRY_ABI_MAJOR,
                                            .abi_minor = BELFRY_ABI_MINOR,
                                            .count = count,
                                            .descriptor = descriptor,
                                            .create = create};
  return &entry;
}
