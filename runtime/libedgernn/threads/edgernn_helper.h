/* A second thread for libedgernn, with POSIX threads; the engine itself needs none.
 *
 *     edgernn_helper helper;
 *     edgernn_helper_open(&helper);
 *     edgernn_executor executor = {edgernn_helper_run, &helper};
 *     edgernn_set_executor(classifier, &executor);
 *     edgernn_classify(classifier, text, text_bytes, probabilities, capacity, &label);
 *     edgernn_set_executor(classifier, NULL);
 *     edgernn_helper_close(&helper);
 */
#ifndef EDGERNN_HELPER_H
#define EDGERNN_HELPER_H

#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A thread that waits for tasks; its fields are its own. It serves one caller at a time. */
typedef struct edgernn_helper {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  /* The process that the thread belongs to: a fork leaves it behind. */
  pid_t process;
  int state, is_asleep;
  void (*task)(void *argument, size_t index);
  void *argument;
} edgernn_helper;

/* Start the thread. Returns 0, or the error number of pthread_create. */
int edgernn_helper_open(edgernn_helper *helper);

/* Run task(argument, 0) here and task(argument, 1) on the thread, or here too where the thread is
 * late: it stays awake for a tenth of a millisecond after a task, and then sleeps. */
void edgernn_helper_run(void *helper, void (*task)(void *argument, size_t index), void *argument);

/* End the thread; in a child of the process that started it, do nothing. */
void edgernn_helper_close(edgernn_helper *helper);

#ifdef __cplusplus
}
#endif

#endif
