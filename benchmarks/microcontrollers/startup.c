/* Startup code: enables the FPU, copies .data, clears .bss; output is by semihosting. */
#include <stdint.h>
#include <stdlib.h>

extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];
extern void initialise_monitor_handles(void);
extern int main(int count, char **arguments);

/* Semihosting calls every input a terminal; this one is a file. */
int isatty(int file);
int isatty(int file) {
  (void)file;
  return 0;
}

void reset(void) {
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
  __asm__ volatile("dsb\n isb");
  for (uint32_t *to = data_start, *from = data_load; to < data_end;) *to++ = *from++;
  for (uint32_t *to = bss_start; to < bss_end;) *to++ = 0;
  initialise_monitor_handles();
  static char name[] = "program", *arguments[] = {name, NULL};
  exit(main(1, arguments));
}

static void fault(void) { exit(99); }

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))stack_top, reset, fault, fault, fault, fault, fault,
};
