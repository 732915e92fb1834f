#include "carena.h"

/* One symbol per block, each in a section of its own, so that the linker's map and budget see them one by one. */
#define DEFINE(name, type, count, owner, why) \
  __attribute__((section(".bss.gimbal_arena." #name), aligned(64))) static type name[count];
GIMBAL_ARENA_BLOCKS(DEFINE)

static const struct {
  void *address;
  size_t bytes, stride;
} blocks[] = {
#define ROW(name, type, count, owner, why) {name, sizeof name, sizeof(type)},
    GIMBAL_ARENA_BLOCKS(ROW)};

int gimbal_arena_count(void) { return (int)(sizeof blocks / sizeof *blocks); }

void *gimbal_arena_address(int block) {
  return block >= 0 && block < gimbal_arena_count() ? blocks[block].address : 0;
}
size_t gimbal_arena_bytes(int block) { return block >= 0 && block < gimbal_arena_count() ? blocks[block].bytes : 0; }
size_t gimbal_arena_stride(int block) { return block >= 0 && block < gimbal_arena_count() ? blocks[block].stride : 0; }
