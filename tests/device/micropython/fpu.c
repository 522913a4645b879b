/* The port's startup code calls this instead of uart_init, before anything that computes floats. */
#include <stdint.h>

void uart_init(void);
void start_fpu_and_uart(void);

void start_fpu_and_uart(void) {
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
  __asm__ volatile("dsb\n isb");
  uart_init();
}
