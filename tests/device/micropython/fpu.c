/* The port's startup code calls this before anything that computes floats. */
#include <stdint.h>

void __real_uart_init(void);

void __wrap_uart_init(void) {
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
  __asm__ volatile("dsb\n isb");
  __real_uart_init();
}
