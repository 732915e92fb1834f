#include "cmemory.h"

#include <stdint.h>

void gimbal_wipe(void *start, size_t bytes) {
  volatile unsigned char *p = start;
  for (; bytes > 0 && (uintptr_t)p % sizeof(uint64_t) != 0; bytes--) *p++ = 0;
  volatile uint64_t *words = (volatile uint64_t *)(void *)p;
  for (; bytes >= sizeof(uint64_t); bytes -= sizeof(uint64_t)) *words++ = 0;
  p = (volatile unsigned char *)words;
  while (bytes-- > 0) *p++ = 0;
}
