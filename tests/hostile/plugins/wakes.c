/* Completes a delivery from a thread of its own, by way of the strand. Not hostile. */
#include <pthread.h>

#include "plain.h"

static pthread_t thread;

static void* run(void* delivery) {
  host->wake(host->ctx, *(const belfry_ticket*)delivery);
  return NULL;
}

static void deliver(void* self, const belfry_message* message) {
  (void)self;
  static belfry_ticket delivery;
  delivery = message->ticket;
  if (pthread_create(&thread, NULL, run, &delivery) != 0) complete(delivery, BELFRY_RETRY, "no_thread", "");
}

static void event(void* self, const belfry_event* event) {
  (void)self;
  pthread_join(thread, NULL);
  const int woken = event->kind == BELFRY_EVENT_WAKE && event->ticket != 0 && event->payload == NULL;
  complete(event->user_data, BELFRY_DELIVERED, "ok", woken ? "woken" : "another event");
}

static void customize(void) {
  api.deliver = deliver;
  api.event = event;
}
