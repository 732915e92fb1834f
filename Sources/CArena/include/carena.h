/* The static memory of the controller: every block above 32 KiB, one row each.
 *
 * Columns: name, element type, count, owner module, why that many. Tools/memory_table.py reads the rows as text,
 * so a row keeps to this shape and its count is an expression of numbers. The table stands in Linker/README.md. */
#ifndef GIMBAL_CARENA_H
#define GIMBAL_CARENA_H
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define GIMBAL_ARENA_BLOCKS(BLOCK) \
  BLOCK(siftedBits, uint64_t, (1 << 28) / 64, Distillation, "sifted bits of one block, packed: at most 2^28") \
  BLOCK(toeplitzSeed, uint64_t, (2 << 22) / 64, PrivacyAmplification, "seed: 2^22 key bits and 2^22 output bits") \
  BLOCK(secretBits, uint64_t, (1 << 22) / 64, PrivacyAmplification, "longest possible output of one block") \
  BLOCK(reconciliation, uint64_t, (6 << 20) / 8, Reconciliation, "one tile with its permutations and parities") \
  BLOCK(spiTransfer, uint8_t, 16 * 4096, Drivers, "sixteen SPI transfers of 4096 bytes")
/* clang-format on */

/* Closed and numbered from 0, so that Swift sees an enum that it can switch over. */
enum __attribute__((enum_extensibility(closed))) gimbal_arena_block : int {
#define GIMBAL_ARENA_CASE(name, type, count, owner, why) gimbal_arena_block_##name,
  GIMBAL_ARENA_BLOCKS(GIMBAL_ARENA_CASE)
#undef GIMBAL_ARENA_CASE
} __attribute__((swift_name("ArenaBlock")));

/* How many blocks there are: their numbers are 0 up to this. */
int gimbal_arena_count(void);
/* First byte of a block, aligned to 64; a null pointer for a number that names no block. */
void *gimbal_arena_address(int block);
/* Bytes of the whole block and of one element; zero for a number that names no block. */
size_t gimbal_arena_bytes(int block);
size_t gimbal_arena_stride(int block);
#endif
