/* Base cases of the Toeplitz product: what needs an instruction or a register schedule that Swift cannot express.
 *
 * Both add to `out` the product of a Toeplitz matrix and a piece of key, 64 words each. With rows and columns counted
 * from 0, out[i] ^= XOR over j of key[j] & s[i + j] for all 4096 bits. `seed` holds s moved up by
 * one bit, 128 words, and `key` the words of the key in order with the bits of each word reversed.
 * The seed is public. The key is secret: no branch and no address depends on it. */
#ifndef GIMBAL_CTOEPLITZ_H
#define GIMBAL_CTOEPLITZ_H
#include <stdint.h>

/* Words of key and output of one product. */
enum { gimbal_toeplitz_words = 64 };
/* Scratch of one product; it holds sums and multiples of the key afterwards. */
enum { gimbal_toeplitz_scratch_words = 4 * 64 + 16 * 24 };

/* For x86-64; on another processor it traps. */
void gimbal_toeplitz_carryless(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch);
void gimbal_toeplitz_portable(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch);
#endif
