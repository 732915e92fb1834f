/* The allocator of the static image: libraries allocate while the program starts, and never again.
 *
 * Blocks lie one behind the other in static memory. Only the last one can be given back; one that is given back before
 * goes when it is the last. Once sealed, asking for memory is a trap, which shuts lasers and gates by the gateware's
 * watchdog. One thread starts the program, so nothing is locked; a sealed allocator changes nothing any more. */
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "carena.h"
#include "clinux.h"

/* Before each block. Places are offsets into the heap. */
struct header {
  uint32_t bytes;
  /* How much was in use before the block, with its alignment. */
  uint32_t before;
  /* The block below; 0 for none, because no block begins where a header is. */
  uint32_t below;
  uint32_t isFree;
};

enum { alignment = 16 };
_Static_assert(sizeof(struct header) == alignment, "a header keeps what follows aligned");
_Static_assert(alignof(max_align_t) <= alignment, "any object may lie in a block");

static uint32_t used, last;
static int isSealed;

static char *heap(void) { return gimbal_arena_address(gimbal_arena_block_startUpHeap); }

static size_t capacity(void) { return gimbal_arena_bytes(gimbal_arena_block_startUpHeap); }

static struct header *header_of(uint32_t place) { return (struct header *)(void *)(heap() + place) - 1; }

_Noreturn static void refuse(void) {
  static const char words[] = "error: allocator: memory asked for after the start\n";
  if (write(2, words, sizeof words - 1) < 0) __builtin_trap();
  __builtin_trap();
}

/* `power` is a power of two from `alignment` on, and at most that of the heap itself, 64. */
static void *take(size_t bytes, size_t power) {
  if (isSealed) refuse();
  size_t place = (used + sizeof(struct header) + power - 1) & ~(power - 1);
  if (place > capacity() || bytes > capacity() - place) {
    errno = ENOMEM;
    return 0;
  }
  *header_of((uint32_t)place) = (struct header){.bytes = (uint32_t)bytes, .before = used, .below = last};
  last = (uint32_t)place;
  used = (uint32_t)(place + bytes);
  return heap() + place;
}

/* A pointer that is none of ours is a mistake that must not go on. */
static uint32_t place_of(const void *start) {
  uintptr_t place = (uintptr_t)start - (uintptr_t)heap();
  if (place < sizeof(struct header) || place > used || place % alignment != 0) __builtin_trap();
  return (uint32_t)place;
}

void *malloc(size_t bytes) { return take(bytes, alignment); }

void *calloc(size_t count, size_t bytes) {
  size_t all;
  if (__builtin_mul_overflow(count, bytes, &all)) all = SIZE_MAX;
  void *start = take(all, alignment);
  /* What was given back is not zero any more. */
  return start ? memset(start, 0, all) : 0;
}

void *aligned_alloc(size_t power, size_t bytes) {
  if (power == 0 || (power & (power - 1)) != 0 || power > 64) {
    errno = EINVAL;
    return 0;
  }
  return take(bytes, power < alignment ? alignment : power);
}

void *realloc(void *start, size_t bytes) {
  if (isSealed) refuse();
  if (!start) return take(bytes, alignment);
  uint32_t place = place_of(start);
  struct header *header = header_of(place);
  if (place == last && bytes <= capacity() - place) {
    header->bytes = (uint32_t)bytes;
    used = place + (uint32_t)bytes;
    return start;
  }
  size_t kept = header->bytes < bytes ? header->bytes : bytes;
  void *other = take(bytes, alignment);
  if (!other) return 0;
  memcpy(other, start, kept);
  free(start);
  return other;
}

void free(void *start) {
  if (!start || isSealed) return;
  header_of(place_of(start))->isFree = 1;
  while (last != 0 && header_of(last)->isFree) {
    const struct header *top = header_of(last);
    used = top->before;
    last = top->below;
  }
}

void gimbal_seal_allocator(void) { isSealed = 1; }

size_t gimbal_allocated_bytes(void) { return used; }
