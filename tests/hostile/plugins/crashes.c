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
  if (configured_to("abort-")) abort();
  if (configured_to("segv-")) *(volatile int*)nowhere = 1;
  if (configured_to("trap-")) __builtin_trap();
  if (configured_to("exit0-")) exit(0);
  if (configured_to("under0-")) _exit(0);
  if (configured_to("quick-")) quick_exit(0);
  if (configured_to("kill-")) kill(getpid(), SIGKILL);
  if (configured_to("syscall-")) syscall(SYS_exit_group, 0);
  if (configured_to("overflow-")) overflow(&seed);
  if (configured_to("thread-")) {
    pthread_t thread;
    pthread_create(&thread, NULL, on_a_thread, NULL);
    pthread_join(thread, NULL);
  }
}

static void find_out_where(void) {
  const belfry_ticket ticket = SERVICE(belfry_host_clock, BELFRY_HOST_CLOCK_1)->start_timer(host->ctx, 3600000, 0, 0);
  if (ticket != 0) host->cancel(host->ctx, ticket);
  in_gateway = ticket != 0;
}

static void crash_in(const char* call) {
  if (configured_to(call) && in_gateway) crash();
}

static belfry_status start(void* self, const belfry_writer* problem) {
  (void)self, (void)problem;
  if (configured_to("-probed")) crash();
  find_out_where();
  crash_in("-start");
  return BELFRY_OK;
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
  } else if (configured_to("-event")) {
    SERVICE(belfry_host_clock, BELFRY_HOST_CLOCK_1)->start_timer(host->ctx, 1, message->ticket, 0);
  } else if (configured_to("-offload")) {
    SERVICE(belfry_host_offload, BELFRY_HOST_OFFLOAD_1)->run(host->ctx, work, NULL, 0);
  } else {
    crash_in("-deliver");
  }
}

static void event(void* self, const belfry_event* event) {
  (void)self, (void)event;
  crash_in("-event");
}

static void stop(void* self, belfry_ticket done, int64_t deadline_ms) {
  crash_in("-stop");
  plain_stop(self, done, deadline_ms);
}

static void destroy(void* self) {
  (void)self;
  crash_in("-destroy");
}

__attribute__((destructor)) static void unloaded(void) {
  if (configured_to("-unload")) crash();
}

static void customize(void) {
  declare(BELFRY_HOST_OFFLOAD_1);
  api.configure = keep_configuration;
  api.start = start;
  api.deliver = deliver;
  api.event = event;
  api.stop = stop;
  api.destroy = destroy;
}
