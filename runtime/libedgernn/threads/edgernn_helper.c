/* The caller offers a task, does its own, and takes the offer back if nobody took it. */
#define _POSIX_C_SOURCE 200112L
#include "edgernn_helper.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#define AWAKE_NANOSECONDS 100000

enum { IDLE, OFFERED, TAKEN, CLOSED };

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static long long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int state_of(edgernn_helper *h) { return __atomic_load_n(&h->state, __ATOMIC_SEQ_CST); }

static void change(edgernn_helper *h, int state) {
  __atomic_store_n(&h->state, state, __ATOMIC_SEQ_CST);
}

/* Return whether an offer was there and is now the caller's. */
static int take_offer(edgernn_helper *h, int state) {
  int offered = OFFERED;
  return __atomic_compare_exchange_n(&h->state, &offered, state, 0, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST);
}

static void wake(edgernn_helper *h) {
  pthread_mutex_lock(&h->mutex);
  pthread_cond_signal(&h->wake);
  pthread_mutex_unlock(&h->mutex);
}

/* Wait until something is offered, at first awake. */
static void wait_for_offer(edgernn_helper *h) {
  long long end = nanoseconds() + AWAKE_NANOSECONDS;
  do {
    int state = state_of(h);
    if (state == OFFERED || state == CLOSED) return;
    pause_briefly();
  } while (nanoseconds() < end);
  pthread_mutex_lock(&h->mutex);
  __atomic_store_n(&h->is_asleep, 1, __ATOMIC_SEQ_CST);
  while (state_of(h) != OFFERED && state_of(h) != CLOSED) pthread_cond_wait(&h->wake, &h->mutex);
  __atomic_store_n(&h->is_asleep, 0, __ATOMIC_SEQ_CST);
  pthread_mutex_unlock(&h->mutex);
}

static void *serve(void *argument) {
  edgernn_helper *h = argument;
  while (state_of(h) != CLOSED) {
    wait_for_offer(h);
    if (take_offer(h, TAKEN)) {
      h->task(h->argument, 1);
      change(h, IDLE);
    }
  }
  return NULL;
}

int edgernn_helper_open(edgernn_helper *h) {
  h->process = getpid();
  h->state = IDLE;
  h->is_asleep = 0;
  pthread_mutex_init(&h->mutex, NULL);
  pthread_cond_init(&h->wake, NULL);
  return pthread_create(&h->thread, NULL, serve, h);
}

void edgernn_helper_run(void *helper, void (*task)(void *argument, size_t index), void *argument) {
  edgernn_helper *h = helper;
  h->task = task;
  h->argument = argument;
  change(h, OFFERED);
  if (__atomic_load_n(&h->is_asleep, __ATOMIC_SEQ_CST)) wake(h);
  task(argument, 0);
  if (take_offer(h, IDLE)) {
    task(argument, 1);
    return;
  }
  for (unsigned spins = 0; state_of(h) != IDLE; spins++) {
    pause_briefly();
    if (spins % 1024 == 1023) sched_yield();
  }
}

void edgernn_helper_close(edgernn_helper *h) {
  if (h->process != getpid()) return;
  change(h, CLOSED);
  wake(h);
  pthread_join(h->thread, NULL);
  pthread_cond_destroy(&h->wake);
  pthread_mutex_destroy(&h->mutex);
}
