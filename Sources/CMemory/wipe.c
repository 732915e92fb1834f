#include "cmemory.h"

void gimbal_wipe(void *start, size_t bytes) {
  volatile unsigned char *p = start;
  while (bytes--) *p++ = 0;
}
