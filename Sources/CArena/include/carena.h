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
  BLOCK(siftedPages, uint64_t, (4096 + 236 + 6) * 1024, Sifting, "pages of 2^16 bits: a full block and a spare 16th") \
  BLOCK(pageLinks, uint16_t, 4096 + 236 + 6, Sifting, "the page behind each page") \
  BLOCK(blockString, uint64_t, (1 << 28) / 64, Distillation, "the block in work, laid out; then its errors") \
  BLOCK(keptString, uint64_t, (1 << 27) / 64, Distillation, "kept by advantage distillation: at most every second") \
  BLOCK(correctedTiles, uint64_t, 8 * 1024, Distillation, "Bob: tiles that are corrected and not confirmed") \
  BLOCK(permutationBins, uint32_t, 4 * 8192, AdvantageDistillation, "end and class counts of every bin") \
  BLOCK(permutationLabels, uint8_t, 65536, AdvantageDistillation, "class of every bit of one bin") \
  BLOCK(parityWords, uint64_t, 8 * (1024 + 14 * 1025), Reconciliation, "Alice: 8 tiles, prefix parities of each pass") \
  BLOCK(correctorWords, uint64_t, 8 * (1024 + 14 * 6144), Reconciliation, "Bob: 8 tiles, three node sets a pass") \
  BLOCK(correctorAsked, uint32_t, 8 * 4096, Reconciliation, "Bob: the nodes of a request of each tile") \
  BLOCK(encoderWords, uint64_t, 256 * 17, Reconciliation, "Alice: columns of the tiles whose syndrome is told") \
  BLOCK(decoderMessages, int8_t, 256 * 576 + 161 * 64 + 1516 * 512, Reconciliation, "Bob: posteriors, messages") \
  BLOCK(decoderWords, uint64_t, 256 * 17 + 2048 + 2 * 159 * 8 + 1516, Reconciliation, "Bob: the tiles decoded") \
  BLOCK(syndromes, uint64_t, 8 * 1024, Distillation, "Bob: syndromes of the tiles under way") \
  BLOCK(toeplitzSums, uint64_t, (1 << 23) / 64, PrivacyAmplification, "matrix product of 2^23 bits") \
  BLOCK(toeplitzArena, uint64_t, 8 * 16384 + 4 * 64 + 16 * 24, PrivacyAmplification, "levels of a product") \
  BLOCK(toeplitzSeed, uint64_t, (1 << 23) / 64 + 3 * 16384 + 512, Distillation, "window: output, three pieces") \
  BLOCK(secretKey, uint64_t, (1 << 23) / 64, Distillation, "the key of one block before it goes to the stores") \
  BLOCK(authenticationPool, uint8_t, 1 << 16, KeyStore, "tag bytes of 1024 blocks") \
  BLOCK(keyRing, uint64_t, (1 << 15) * 5 + 512 * 8, KeyStore, "32768 keys of 256 bits and their names; 512 blocks") \
  BLOCK(keyReplies, uint8_t, 5 * 2048, KeyStore, "the reply to each client of the key port and to one turned away") \
  BLOCK(outbox, uint8_t, 1 << 18, Wire, "62 full frames on their way") \
  BLOCK(inbox, uint8_t, 1 << 16, Wire, "15 full frames arriving") \
  BLOCK(sessionPayload, uint8_t, 4160, Wire, "the sifting or session message being composed") \
  BLOCK(distillerPayload, uint8_t, 4160, Wire, "the distillation message being composed") \
  BLOCK(spiCommand, uint8_t, 4096, Drivers, "command side of one SPI transfer") \
  BLOCK(spiReply, uint8_t, 4096, Drivers, "reply side of one SPI transfer") \
  BLOCK(deskRequest, uint8_t, 4160, Firmware, "a request to the control thread") \
  BLOCK(deskReply, uint8_t, 4160, Firmware, "its answer") \
  BLOCK(notes, uint8_t, 32 * 512, Controller, "private notes on 32 batches of 512 events in flight") \
  BLOCK(batchNotes, uint8_t, 512, Controller, "notes on the batch being collected") \
  BLOCK(slots, uint32_t, 512, Controller, "slots of one batch") \
  BLOCK(words, uint32_t, 1000, Controller, "one burst of FIFO or choice words") \
  BLOCK(trace, uint64_t, 2 + 128 * 5, Controller, "the last 128 events and their evidence") \
  BLOCK(syncPattern, uint64_t, (1 << 18) / 64, Acquisition, "lit slots of one period of the public pattern") \
  BLOCK(syncClicks, uint32_t, 20480, Acquisition, "six seconds of clicks at 3200 a second") \
  BLOCK(syncPowers, uint16_t, 10 * 601, Acquisition, "ten segments of 601 rates") \
  BLOCK(syncPositions, uint32_t, 4096, Acquisition, "clicks near the light, as places in the pattern") \
  BLOCK(screen, uint8_t, 1 << 14, Console, "what the console has still to show") \
  BLOCK(startUpHeap, uint8_t, 1 << 15, CStatic, "what libraries allocate before the loop starts")
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
