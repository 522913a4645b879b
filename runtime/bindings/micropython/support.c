/* Functions of the C library for a native module, which is linked without one. */
#include "py/dynruntime.h"

/* The compiler must not make calls of these functions out of their own loops. */
#define SUPPORT __attribute__((optimize("no-tree-loop-distribute-patterns")))

void *memset(void *to, int byte, size_t size) { return mp_fun_table.memset_(to, byte, size); }

void *memmove(void *to, const void *from, size_t size) { return mp_fun_table.memmove_(to, from, size); }

void *memcpy(void *to, const void *from, size_t size) { return mp_fun_table.memmove_(to, from, size); }

SUPPORT int memcmp(const void *left, const void *right, size_t size) {
  const unsigned char *a = left, *b = right;
  for (; size; size--, a++, b++) {
    if (*a != *b) return *a < *b ? -1 : 1;
  }
  return 0;
}

SUPPORT void *memchr(const void *bytes, int byte, size_t size) {
  for (const unsigned char *at = bytes; size; size--, at++) {
    if (*at == (unsigned char)byte) return (void *)at;
  }
  return NULL;
}

SUPPORT size_t strlen(const char *text) {
  size_t size = 0;
  while (text[size]) size++;
  return size;
}

SUPPORT int strcmp(const char *left, const char *right) {
  while (*left && *left == *right) left++, right++;
  return (unsigned char)*left - (unsigned char)*right;
}

SUPPORT char *strchr(const char *text, int byte) {
  for (; *text != (char)byte; text++) {
    if (!*text) return NULL;
  }
  return (char *)text;
}
