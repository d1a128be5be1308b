#define _GNU_SOURCE
/* Takes the process down. `do` names the method and the call, such as "abort-deliver". A delivery crashes if its title contains "poison",
 * and succeeds otherwise. Nothing crashes in a probe, which is recognized by a timer that does not start, except that "probed" in place of
 * the call makes start crash there too. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plain.h"

static char how[256];
static int in_gateway;

static void abort_now(void) { abort(); }

/* Written so that the compiler makes neither a loop nor a tail call of it. */
static int overflow(volatile char* outer) {
  volatile char frame[4096];
  frame[0] = *outer;
  return frame[0] == 2 ? 0 : overflow(frame) + frame[0];
}

static void* on_a_thread(void* unused) {
  (void)unused;
  abort_now();
  return NULL;
}

static void crash(void) {
  volatile char seed = 1;
  volatile uintptr_t nowhere = 8;
  if (strstr(how, "abort-")) abort();
  if (strstr(how, "segv-")) *(volatile int*)nowhere = 1;
  if (strstr(how, "trap-")) __builtin_trap();
  if (strstr(how, "exit0-")) exit(0);
  if (strstr(how, "under0-")) _exit(0);
  if (strstr(how, "quick-")) quick_exit(0);
  if (strstr(how, "kill-")) kill(getpid(), SIGKILL);
  if (strstr(how, "syscall-")) syscall(SYS_exit_group, 0);
  if (strstr(how, "overflow-")) overflow(&seed);
  if (strstr(how, "thread-")) {
    pthread_t thread;
    pthread_create(&thread, NULL, on_a_thread, NULL);
    pthread_join(thread, NULL);
  }
}

static const void* service(const char* id) { return host->service(host->ctx, text(id)); }

static void find_out_where(void) {
  const belfry_clock* clock = service(BELFRY_CLOCK_1);
  const belfry_ticket ticket = clock->start_timer(host->ctx, 3600000, 0);
  if (ticket != 0) clock->cancel_timer(host->ctx, ticket);
  in_gateway = ticket != 0;
}

static void crash_in(const char* call) {
  if (strstr(how, call) && in_gateway) crash();
}

static int32_t keep_configuration(void* self, belfry_str config, const belfry_writer* problems) {
  (void)self, (void)problems;
  const size_t max_length = sizeof how - 1;
  memcpy(how, config.ptr, config.len < max_length ? config.len : max_length);
  return 0;
}

static int32_t start(void* self, const belfry_writer* problem) {
  (void)self, (void)problem;
  if (strstr(how, "-probed")) crash();
  find_out_where();
  crash_in("-start");
  return 0;
}

static void work(void* unused) {
  (void)unused;
  crash();
}

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  const int poison = memmem(message->body_json.ptr, message->body_json.len, "poison", 6) != NULL;
  if (!poison) {
    complete(message->ticket, BELFRY_DELIVERED, "ok", "");
  } else if (strstr(how, "-event")) {
    ((const belfry_clock*)service(BELFRY_CLOCK_1))->start_timer(host->ctx, 1, message->ticket);
  } else if (strstr(how, "-offload")) {
    ((const belfry_offload*)service(BELFRY_OFFLOAD_1))->run(host->ctx, work, NULL);
  } else {
    crash_in("-deliver");
  }
}

static void event(void* self, belfry_ticket ticket, uint32_t kind, const void* payload) {
  (void)self, (void)ticket, (void)kind, (void)payload;
  crash_in("-event");
}

static void stop(void* self, belfry_ticket done) {
  crash_in("-stop");
  plain_stop(self, done);
}

static void destroy(void* self) {
  (void)self;
  crash_in("-destroy");
}

__attribute__((destructor)) static void unloaded(void) {
  if (strstr(how, "-unload")) crash();
}

static void customize(void) {
  instance.configure = keep_configuration;
  instance.start = start;
  instance.deliver = deliver;
  instance.event = event;
  instance.stop = stop;
  instance.destroy = destroy;
}
