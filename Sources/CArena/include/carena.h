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
  BLOCK(siftedKey, uint64_t, 2 * (1 << 22) / 64, Sifting, "two sifted keys of 2^22 bits: one fills, one is used") \
  BLOCK(labelLow, uint64_t, 2 * (1 << 22) / 64, Sifting, "low bit of the intensity of every sifted bit") \
  BLOCK(labelHigh, uint64_t, 2 * (1 << 22) / 64, Sifting, "high bit of the intensity of every sifted bit") \
  BLOCK(parityWords, uint64_t, 1024 + 16 * 1025, Reconciliation, "Alice: a tile, and prefix parities of each pass") \
  BLOCK(parityOrder, uint16_t, 65536, Reconciliation, "Alice: the permutation that is being applied") \
  BLOCK(correctorWords, uint64_t, 1024 + 16 * 6144, Reconciliation, "Bob: a tile, and three node sets a pass") \
  BLOCK(correctorPlaces, uint16_t, 16 * 2 * 65536, Reconciliation, "Bob: each pass's permutation and its inverse") \
  BLOCK(correctorAsked, uint32_t, 4096, Reconciliation, "Bob: the nodes of one request") \
  BLOCK(toeplitzSums, uint64_t, (1 << 22) / 64 + 1, PrivacyAmplification, "matrix product, a word over 2^22 bits") \
  BLOCK(toeplitzArena, uint64_t, 8192, PrivacyAmplification, "chunks and scratch of one polynomial product") \
  BLOCK(toeplitzSeed, uint64_t, 2 * (1 << 22) / 64, Distillation, "full-length seed: key bits and output bits") \
  BLOCK(secretKey, uint64_t, (1 << 22) / 64, Distillation, "the key of one block before it goes to the stores") \
  BLOCK(authenticationPool, uint8_t, 1 << 16, KeyStore, "tag bytes of 1024 blocks") \
  BLOCK(keyRing, uint64_t, (1 << 15) * 5, KeyStore, "32768 keys of 256 bits and their names") \
  BLOCK(outbox, uint8_t, 1 << 18, Wire, "62 full frames on their way") \
  BLOCK(inbox, uint8_t, 1 << 16, Wire, "15 full frames arriving") \
  BLOCK(sessionPayload, uint8_t, 4160, Wire, "the sifting or session message being composed") \
  BLOCK(distillerPayload, uint8_t, 4160, Wire, "the distillation message being composed") \
  BLOCK(spiCommand, uint8_t, 4096, Drivers, "command side of one SPI transfer") \
  BLOCK(spiReply, uint8_t, 4096, Drivers, "reply side of one SPI transfer") \
  BLOCK(notes, uint8_t, 32 * 512, Controller, "private notes on 32 batches of 512 events in flight") \
  BLOCK(batchNotes, uint8_t, 512, Controller, "notes on the batch being collected") \
  BLOCK(slots, uint32_t, 512, Controller, "slots of one batch") \
  BLOCK(words, uint32_t, 1000, Controller, "one burst of FIFO or choice words")
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
