/* What the programs of a board share. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* End the emulator with a status. */
void finish(int status) __attribute__((noreturn));

/* Print a text; a name and a number. */
void print(const char *text);
void print_number(const char *name, uint32_t number);

/* Count time in ticks, which are proportional to instructions. */
uint32_t ticks_now(void);
uint32_t ticks_since(uint32_t start);

/* Execute two instructions `count` times. */
void spin(uint32_t count);

/* Return the bytes of stack that were in use so far. */
uint32_t stack_used(void);

#endif
