#include "allocation_watch.h"

#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Thread_local int depth, paused;
static _Thread_local uint64_t allocations;

void gimbal_watch_begin(void) { depth++; }
void gimbal_watch_end(void) { depth--; }
void gimbal_watch_pause(void) { paused++; }
void gimbal_watch_resume(void) { paused--; }
uint64_t gimbal_watch_count(void) { return allocations; }

static void note(void) {
  if (depth > 0 && paused == 0) allocations++;
}

/* Replacing these four and the aligned forms is what glibc documents as replacing malloc. */
void *malloc(size_t bytes) {
  note();
  return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
  note();
  return __libc_calloc(count, bytes);
}

void *realloc(void *start, size_t bytes) {
  note();
  return __libc_realloc(start, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
  note();
  return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void **start, size_t alignment, size_t bytes) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *found = memalign(alignment, bytes);
  if (!found) return ENOMEM;
  *start = found;
  return 0;
}
