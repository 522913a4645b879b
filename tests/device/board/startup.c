/* Startup code of a board without an operating system, and its output by semihosting. */
#include "board.h"

extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[], stack_bottom[], stack_top[];
extern int main(void);

#define PAINT 0xa5a5a5a5u

static uintptr_t semihost(uintptr_t operation, uintptr_t argument) {
#if defined(__riscv)
  register uintptr_t a0 __asm__("a0") = operation;
  register uintptr_t a1 __asm__("a1") = argument;
  __asm__ volatile(
      ".option push\n .option norvc\n .balign 16\n"
      "slli zero, zero, 0x1f\n ebreak\n srai zero, zero, 7\n .option pop"
      : "+r"(a0) : "r"(a1) : "memory");
  return a0;
#else
  register uintptr_t r0 __asm__("r0") = operation;
  register uintptr_t r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
#endif
}

void finish(int status) {
  /* SYS_EXIT_EXTENDED, ADP_Stopped_ApplicationExit. */
  const uintptr_t block[2] = {0x20026, (uintptr_t)status};
  semihost(0x20, (uintptr_t)block);
  for (;;) {
  }
}

/* The C library calls it for a failed allocation or assertion. */
void _exit(int status) { finish(status); }

void print(const char *text) { semihost(0x04, (uintptr_t)text); }

void print_number(const char *name, uint32_t number) {
  char digits[12];
  size_t at = sizeof digits - 1;
  digits[at] = '\0';
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  print(name);
  print(" ");
  print(digits + at);
  print("\n");
}

/* ---- Instructions: QEMU's -icount shift=0 makes one a nanosecond ---------------------------------- */

#if defined(__riscv)

#define TICK_BITS 0xffffffff

static uint32_t ticks(void) {
  uint32_t count;
  __asm__ volatile(".option push\n .option arch, +zicsr\n csrr %0, minstret\n .option pop" : "=r"(count));
  return count;
}

#else

#define SYST_CSR (*(volatile uint32_t *)0xe000e010)
#define SYST_RVR (*(volatile uint32_t *)0xe000e014)
#define SYST_CVR (*(volatile uint32_t *)0xe000e018)
#define TICK_BITS 0xffffff

static uint32_t ticks(void) {
  if (!(SYST_CSR & 1)) {
    SYST_RVR = TICK_BITS;
    SYST_CVR = 0;
    SYST_CSR = 5;
  }
  return TICK_BITS - SYST_CVR;
}

#endif

uint32_t ticks_since(uint32_t start) { return (ticks() - start) & TICK_BITS; }

uint32_t ticks_now(void) { return ticks(); }

void spin(uint32_t count) {
#if defined(__riscv)
  __asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(count));
#else
  __asm__ volatile(".syntax unified\n 1: subs %0, #1\n bne 1b" : "+l"(count) : : "cc");
#endif
}

uint32_t stack_used(void) {
  uint32_t *p = stack_bottom;
  while (*p == PAINT) p++;
  return (uint32_t)((uintptr_t)stack_top - (uintptr_t)p);
}

/* ---- Start ---------------------------------------------------------------------------------------- */

static void start(void) {
  for (uint32_t *to = data_start, *from = data_load; to < data_end;) *to++ = *from++;
  for (uint32_t *to = bss_start; to < bss_end;) *to++ = 0;
  /* Below what this function itself uses. */
  uint32_t *limit = (uint32_t *)__builtin_frame_address(0) - 32;
  for (uint32_t *p = stack_bottom; p < limit;) *p++ = PAINT;
  finish(main());
}

#if defined(__riscv)

__attribute__((naked, section(".vectors"), used)) void reset(void) {
  __asm__ volatile(
      ".option push\n .option norelax\n la gp, __global_pointer$\n .option pop\n"
      "la sp, stack_top\n j begin");
}

__attribute__((used)) void begin(void) { start(); }

#else

__attribute__((used)) void reset(void) {
#if defined(__ARM_FP)
  *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
  __asm__ volatile("dsb\n isb");
#endif
  start();
}

static void fault(void) { finish(99); }

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))(uintptr_t)stack_top, reset, fault, fault, fault, fault, fault,
};

#endif
