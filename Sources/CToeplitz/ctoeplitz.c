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
#include <cpuid.h>
#include <immintrin.h>

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

/* The same with two pairs of words in a register, where the processor multiplies both at once. */
#define WIDE __attribute__((target("vpclmulqdq,pclmul,avx2")))

WIDE static void wide8(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch) {
  (void)scratch;
  __m256i r[carryless_words + 1];
  for (int d = 0; d <= carryless_words; d++) r[d] = _mm256_setzero_si256();
#pragma clang loop unroll(full)
  for (int j = 0; j < carryless_words; j += 4) {
    __m256i k = _mm256_loadu_si256((const __m256i *)(key + j));
#pragma clang loop unroll(full)
    for (int d = 0; d <= carryless_words; d++) {
      __m256i s = _mm256_loadu_si256((const __m256i *)(seed + j + d));
      __m256i product = _mm256_xor_si256(_mm256_clmulepi64_epi128(k, s, 0x00), _mm256_clmulepi64_epi128(k, s, 0x11));
      r[d] = _mm256_xor_si256(r[d], product);
    }
  }
  __m128i sum[carryless_words + 1];
  for (int d = 0; d <= carryless_words; d++) {
    sum[d] = _mm_xor_si128(_mm256_castsi256_si128(r[d]), _mm256_extracti128_si256(r[d], 1));
  }
  for (int o = 0; o < carryless_words; o++) {
    out[o] ^= (uint64_t)_mm_cvtsi128_si64(_mm_xor_si128(_mm_srli_si128(sum[o], 8), sum[o + 1]));
  }
}

SPLIT(wide16, wide8, 16, WIDE)
SPLIT(wide32, wide16, 32, WIDE)
SPLIT(wide64, wide32, 64, WIDE)

/* Whether the processor has the wide multiplication, and the system keeps its registers. */
static int has_wide(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return 0;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & 6) != 6) return 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 5 & 1) && (c >> 10 & 1);
}

void gimbal_toeplitz_carryless(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch) {
  /* Asked once; whoever comes first finds the same. */
  static int wide = -1;
  if (wide < 0) wide = has_wide();
  if (wide) {
    wide64(seed, key, out, scratch);
  } else {
    carryless64(seed, key, out, scratch);
  }
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

#if defined(__aarch64__)
#include <arm_neon.h>

enum { byte_words = 8, rotations = 8 };

/* The product of the upper bytes, in one instruction; written out, because the compiler moves them down first. */
static inline __attribute__((always_inline)) uint16x8_t upper_product(poly8x16_t a, poly8x16_t b) {
  uint16x8_t product;
  __asm__("pmull2 %0.8h, %1.16b, %2.16b" : "=w"(product) : "w"(a), "w"(b));
  return product;
}

/* Puts sums of products of bytes in place. Lane i of sum r holds what byte i and byte (i + r) mod 8 make, which belongs
 * at byte i + (i + r) mod 8: turned by r bytes, and by 8 more where i + r reached 8. */
static inline __attribute__((always_inline)) uint64x2_t placed(const uint16x8_t *sum) {
  static const uint8_t wrapped[24] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  uint8x16_t straight = vreinterpretq_u8_u16(sum[0]), all = straight;
#define TURN(r)                                                                                            \
  {                                                                                                        \
    const uint8x16_t x = vreinterpretq_u8_u16(sum[r]), turned = vextq_u8(x, x, 16 - r);                    \
    const uint8x16_t outer = vcombine_u8(vld1_u8(wrapped + 8 - r), vrev64_u8(vld1_u8(wrapped + 8 - r)));   \
    all = veorq_u8(all, turned);                                                                           \
    straight = veorq_u8(straight, vbicq_u8(turned, outer));                                                \
  }
  TURN(1) TURN(2) TURN(3) TURN(4) TURN(5) TURN(6) TURN(7)
#undef TURN
  const uint8x16_t rest = veorq_u8(all, straight);
  return vreinterpretq_u64_u8(veorq_u8(straight, vextq_u8(rest, rest, 8)));
}

/* As `carryless8`, from products of bytes, which every 64-bit ARM processor has (PMULL of bytes; the one of words is
 * an extension). Products of equal distance are summed before their bytes are put in place. */
static void portable8(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch) {
  (void)scratch;
  uint64_t turned[byte_words][rotations];
  for (int j = 0; j < byte_words; j++) {
    turned[j][0] = key[j];
#pragma clang loop unroll(full)
    for (int r = 1; r < rotations; r++) turned[j][r] = key[j] >> (8 * r) | key[j] << (64 - 8 * r);
  }
  uint64_t before = 0;
  for (int d = 0; d <= byte_words; d++) {
    uint16x8_t sum[rotations];
    for (int r = 0; r < rotations; r++) sum[r] = vdupq_n_u16(0);
#pragma clang loop unroll(full)
    for (int j = 0; j < byte_words; j++) {
      const poly8x16_t s = vreinterpretq_p8_u64(vld1q_dup_u64(seed + j + d));
#pragma clang loop unroll(full)
      for (int r = 0; r < rotations; r += 2) {
        const poly8x16_t k = vreinterpretq_p8_u64(vld1q_u64(turned[j] + r));
        sum[r] = veorq_u16(sum[r], vreinterpretq_u16_p16(vmull_p8(vget_low_p8(s), vget_low_p8(k))));
        sum[r + 1] = veorq_u16(sum[r + 1], upper_product(s, k));
      }
    }
    const uint64x2_t both = placed(sum);
    if (d > 0) out[d - 1] ^= vgetq_lane_u64(both, 0) ^ before;
    before = vgetq_lane_u64(both, 1);
  }
  volatile uint64_t *gone = &turned[0][0];
  for (int i = 0; i < byte_words * rotations; i++) gone[i] = 0;
}

SPLIT(portable16, portable8, 16, )
#else
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
#endif

SPLIT(portable32, portable16, 32, )
SPLIT(portable64, portable32, 64, )

void gimbal_toeplitz_portable(const uint64_t *seed, const uint64_t *key, uint64_t *out, uint64_t *scratch) {
  portable64(seed, key, out, scratch);
}
