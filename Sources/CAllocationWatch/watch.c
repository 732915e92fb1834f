#include "allocation_watch.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Thread_local int depth, paused;
static _Thread_local uint64_t allocations;

static _Thread_local int timed;
static _Thread_local uint64_t nanoseconds, since;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void change(int *count, int by) {
  const int before = depth > 0 && paused == 0;
  *count += by;
  const int after = depth > 0 && paused == 0;
  if (!timed || before == after) return;
  if (after) {
    since = now();
  } else {
    nanoseconds += now() - since;
  }
}

void gimbal_watch_begin(void) { change(&depth, 1); }
void gimbal_watch_end(void) { change(&depth, -1); }
void gimbal_watch_pause(void) { change(&paused, 1); }
void gimbal_watch_resume(void) { change(&paused, -1); }
uint64_t gimbal_watch_count(void) { return allocations; }
void gimbal_watch_time(void) { timed = 1; }
uint64_t gimbal_watch_nanoseconds(void) { return nanoseconds; }

/* The address sanitizer has an allocator of its own, which must not be replaced; nothing is counted then. */
#if !__has_feature(address_sanitizer)
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
#endif
