/* The permutation of one pass of Cascade, several positions at a time: what needs vectors of words, a shift of its own
 * for each lane, and on some processors a gather, which Swift cannot express. */
#ifndef GIMBAL_CPERMUTATION_H
#define GIMBAL_CPERMUTATION_H

#include <stdint.h>

enum { gimbal_permutation_rounds = 4 };

/* A round takes x to y ^ y >> fold with y = (x * multiplier + offset) & mask. Results from `bits` on go through the
 * rounds again until they are below. */
struct gimbal_permutation {
  uint32_t bits, mask, fold;
  uint32_t multipliers[gimbal_permutation_rounds], offsets[gimbal_permutation_rounds];
};

/* The bits of `tile` at the indices that positions first ... first + count - 1 go to, the first in bit 0. `count` is at
 * most 64 and first + count at most `bits`; `tile` has `bits` bits in whole words. */
uint64_t gimbal_permuted_bits(
    const struct gimbal_permutation *permutation, const uint64_t *tile, uint32_t first, uint32_t count);

#endif
