#include "ctoeplitz.h"

/* Two-way split (Fan and Hasan, IEEE Trans. Computers 56, 224, 2007): with the seed in overlapping windows A, B, C of
 * half the rows and the key in halves V and W, out = (A V + B W, B V + C W) takes three products of half the size,
 * (A + B) V, (B + C) W and B (V + W). */
#define SPLIT(name, half, words, attributes)                                                                       \
  attributes static void name(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch) {       \
    enum { h = (words) / 2 };                                                                                      \
    uint64_t *sums = scratch, *rest = scratch + 2 * h;                                                             \
    for (int i = 0; i < 2 * h; i++) sums[i] = seed[i] ^ seed[h + i];                                               \
    half(sums, key, out, rest);                                                                                    \
    for (int i = 0; i < 2 * h; i++) sums[i] = seed[h + i] ^ seed[2 * h + i];                                       \
    half(sums, key + h, out + h, rest);                                                                            \
    for (int i = 0; i < h; i++) sums[i] = key[i] ^ key[h + i];                                                     \
    for (int i = 0; i < h; i++) sums[h + i] = 0;                                                                   \
    half(seed + h, sums, sums + h, rest);                                                                          \
    for (int i = 0; i < h; i++) {                                                                                  \
      out[i] ^= sums[h + i];                                                                                       \
      out[h + i] ^= sums[h + i];                                                                                   \
    }                                                                                                              \
  }

#if defined(__x86_64__)
#include <wmmintrin.h>

enum { carryless_words = 8 };
#define CARRYLESS __attribute__((target("pclmul,sse2")))

/* Every x86-64 processor since 2010 has PCLMULQDQ.
 *
 * As a polynomial the key is taken backwards, so that bits of equal i + j meet: with k the reversed words, word o of
 * the result is the low half of r[o + 1] plus the high half of r[o]; r[d] is the sum of k[j] times seed[j + d]. */
CARRYLESS static void carryless8(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch) {
  (void)scratch;
  __m128i r[carryless_words + 1];
  for (int d = 0; d <= carryless_words; d++) r[d] = _mm_setzero_si128();
#pragma clang loop unroll(full)
  for (int j = 0; j < carryless_words; j += 2) {
    __m128i k = _mm_loadu_si128((const __m128i *)(key + j));
#pragma clang loop unroll(full)
    for (int d = 0; d <= carryless_words; d++) {
      __m128i s = _mm_loadu_si128((const __m128i *)(seed + j + d));
      __m128i product = _mm_xor_si128(_mm_clmulepi64_si128(k, s, 0x00), _mm_clmulepi64_si128(k, s, 0x11));
      r[d] = _mm_xor_si128(r[d], product);
    }
  }
  for (int o = 0; o < carryless_words; o++) {
    out[o] ^= (uint64_t)_mm_cvtsi128_si64(_mm_xor_si128(_mm_srli_si128(r[o], 8), r[o + 1]));
  }
}

SPLIT(carryless16, carryless8, 16, CARRYLESS)
SPLIT(carryless32, carryless16, 32, CARRYLESS)
SPLIT(carryless64, carryless32, 64, CARRYLESS)

void gimbal_toeplitz_carryless(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch) {
  carryless64(seed, key, out, scratch);
}
#else
void gimbal_toeplitz_carryless(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch) {
  (void)seed;
  (void)key;
  (void)out;
  (void)scratch;
  __builtin_trap();
}
#endif

enum {
  words = 16,
  vector_words = 4,
  row_words = 24,
  /* Zero words in front of a multiple, so that a vector may begin before it. */
  lead = vector_words - 1,
  sums = words / vector_words + 1
};
typedef uint64_t vector __attribute__((vector_size(8 * vector_words)));
typedef uint64_t unaligned_vector __attribute__((vector_size(8 * vector_words), aligned(8)));

/* The sixteen multiples of the key, taken backwards, by polynomials of degree below 4: a row each. */
static void tabulate(const uint64_t *key, uint64_t *rows) {
  for (int i = 0; i < 2 * row_words; i++) rows[i] = 0;
  uint64_t *one = rows + row_words;
  for (int i = 0; i < words; i++) one[lead + i] = key[words - 1 - i];
  for (int u = 2; u < 16; u += 2) {
    const uint64_t *half = rows + row_words * (u / 2);
    uint64_t *even = rows + row_words * u;
    even[0] = 0;
    for (int i = 1; i < row_words; i++) even[i] = half[i] << 1 | half[i - 1] >> 63;
    for (int i = 0; i < row_words; i++) even[row_words + i] = even[i] ^ one[i];
  }
}

/* Four bits of the public seed choose a multiple of the key (a comb, as in Lopez and Dahab, INDOCRYPT 2000); sums stay
 * in registers. Of the product of 3 * words words those from `words` on are wanted; the words below only carry into
 * them, and not from further than one word. */
static void portable16(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch) {
  tabulate(key, scratch);
  vector sum[sums] = {{0}};
  for (int nibble = 15; nibble >= 0; nibble--) {
    vector below = {0};
    for (int q = 0; q < sums; q++) {
      vector carried = __builtin_shufflevector(below, sum[q], 3, 4, 5, 6);
      below = sum[q];
      sum[q] = below << 4 | carried >> 60;
    }
#pragma clang loop unroll(full)
    for (int j = 0; j < 2 * words; j++) {
      const uint64_t *row = scratch + row_words * (seed[j] >> (4 * nibble) & 15);
#pragma clang loop unroll(full)
      for (int q = 0; q < sums; q++) {
        int first = lead + words - vector_words + vector_words * q - j;
        if (first >= 0 && first <= lead + words) {
          sum[q] ^= *(const unaligned_vector *)(row + first);
        }
      }
    }
  }
  for (int o = 0; o < words; o++) out[o] ^= sum[o / vector_words + 1][o % vector_words];
}

SPLIT(portable32, portable16, 32, )
SPLIT(portable64, portable32, 64, )

void gimbal_toeplitz_portable(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch) {
  portable64(seed, key, out, scratch);
}
