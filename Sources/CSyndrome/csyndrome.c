#include "csyndrome.h"

#include <stddef.h>

/* Vectors as wide as the registers of the processor. Element-wise builtins become saturating instructions. */
#if defined(__AVX2__)
#include <immintrin.h>
enum { width = 32 };
#else
enum { width = 16 };
#if defined(__ARM_NEON)
#include <arm_neon.h>
#elif defined(__SSSE3__)
#include <tmmintrin.h>
#endif
#endif
enum { step = gimbal_syndrome_step, vectors = step / width };

typedef uint8_t magnitudes __attribute__((vector_size(width)));
typedef int8_t values __attribute__((vector_size(width)));
typedef uint64_t words __attribute__((vector_size(width)));
typedef values loose_values __attribute__((aligned(1)));
typedef uint64_t loose_word __attribute__((aligned(1), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE values load(const int8_t *from) { return *(const loose_values *)from; }
INLINE void store(int8_t *to, values x) { *(loose_values *)to = x; }
INLINE magnitudes all(uint8_t x) { return (magnitudes){0} + x; }

/* 6 ln(1 + exp(-x / 6)), rounded; 0 from 15 on. */
INLINE magnitudes correction(magnitudes x) {
#if defined(__AVX2__)
  const __m256i table = _mm256_broadcastsi128_si256(_mm_setr_epi8(4, 4, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0));
  /* From 16 on the sum has its high bit set, for which the shuffle gives zero. */
  return (magnitudes)_mm256_shuffle_epi8(table, _mm256_adds_epu8((__m256i)x, _mm256_set1_epi8(112)));
#elif defined(__ARM_NEON)
  static const uint8_t table[16] = {4, 4, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0};
  return (magnitudes)vqtbl1q_u8(vld1q_u8(table), (uint8x16_t)x);
#elif defined(__SSSE3__)
  const __m128i table = _mm_setr_epi8(4, 4, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0);
  return (magnitudes)_mm_shuffle_epi8(table, _mm_adds_epu8((__m128i)x, _mm_set1_epi8(112)));
#else
  return (magnitudes) - ((x < 15) + (x < 8) + (x < 4) + (x < 2));
#endif
}

/* Magnitude of the parity of two bits: min(a, b) + g(a + b) - g(|a - b|), cut at 0. */
INLINE magnitudes met(magnitudes a, magnitudes b) {
  magnitudes least = __builtin_elementwise_min(a, b), most = __builtin_elementwise_max(a, b);
  magnitudes up = correction(__builtin_elementwise_add_sat(least, most)), down = correction(most - least);
  return __builtin_elementwise_sub_sat(__builtin_elementwise_add_sat(least, up), down);
}

/* Lanes whose bit is set become -1. */
INLINE void spread(uint64_t bits, values *lanes) {
  for (int v = 0; v < vectors; v++) {
    words x;
    for (int i = 0; i < width / 8; i++) x[i] = (bits >> (v * width + 8 * i) & 0xff) * 0x0101010101010101;
    const words mask = (words){0} + 0x8040201008040201;
    lanes[v] = (values)((magnitudes)(x & mask) == (magnitudes)mask);
  }
}

INLINE int32_t negatives(const values *lanes) {
  int8_t bytes[step];
  for (int v = 0; v < vectors; v++) store(bytes + v * width, lanes[v]);
  return __builtin_popcountll(gimbal_syndrome_signs(bytes));
}

static const int8_t numbers[step] = {
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
  28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55,
  56, 57, 58, 59, 60, 61, 62, 63,
};

/* Makes the copies behind the columns equal to their first lanes again. Of the first 64 lanes those below the turn were
 * written behind the column, the others at its beginning. */
INLINE void join(struct gimbal_syndrome_part part, const uint64_t *plan, int8_t *posteriors) {
  for (int32_t k = 0; k < part.entries; k++) {
    int8_t *start = posteriors + (uint32_t)plan[k];
    values turn = (values){0} + (int8_t)((plan[k] >> 32) % step);
    for (int v = 0; v < vectors; v++) {
      values behind = (values)(load(numbers + v * width) < turn);
      values joint = (load(start + part.lanes + v * width) & behind) | (load(start + v * width) & ~behind);
      store(start + v * width, joint);
      store(start + part.lanes + v * width, joint);
    }
  }
}

/* Where in the posteriors an entry looks for a lane. */
INLINE size_t place(struct gimbal_syndrome_part part, uint64_t plan, int32_t lane) {
  int32_t turned = lane + (int32_t)(plan >> 32);
  return (uint32_t)plan + (size_t)(turned < part.lanes ? turned : turned - part.lanes);
}

/* Up to two magnitudes leave a check: that of all its entries goes back to every entry but the least, that of all but
 * the least to the least (approximate min*: Jones, Valles, Smith, Villasenor, MILCOM 2003). */
int32_t gimbal_syndrome_update(
  struct gimbal_syndrome_part part, const uint64_t *plan, const uint64_t *targets, int8_t *posteriors,
  int8_t *messages, int8_t *scratch) {
  int32_t contradicted = 0;
  for (int32_t lane = part.first; lane < part.end; lane += step) {
    magnitudes least[vectors], others[vectors], whole[vectors];
    values sign[vectors], parity[vectors];
    spread(targets[lane / step], sign);
    for (int v = 0; v < vectors; v++) {
      least[v] = others[v] = all(127);
      parity[v] = sign[v];
    }
    for (int32_t k = 0; k < part.entries; k++) {
      const int8_t *from = posteriors + place(part, plan[k], lane);
      const int8_t *message = messages + (size_t)k * (size_t)part.lanes + lane;
      for (int v = 0; v < vectors; v++) {
        values posterior = load(from + v * width);
        values x = __builtin_elementwise_sub_sat(posterior, load(message + v * width));
        store(scratch + k * step + v * width, x);
        parity[v] ^= posterior;
        sign[v] ^= x;
        magnitudes size = (magnitudes)__builtin_elementwise_abs(x);
        others[v] = met(others[v], __builtin_elementwise_max(least[v], size));
        least[v] = __builtin_elementwise_min(least[v], size);
      }
    }
    for (int v = 0; v < vectors; v++) whole[v] = met(others[v], least[v]);
    contradicted += negatives(parity);
    for (int32_t k = 0; k < part.entries; k++) {
      int8_t *to = posteriors + place(part, plan[k], lane);
      int8_t *message = messages + (size_t)k * (size_t)part.lanes + lane;
      for (int v = 0; v < vectors; v++) {
        values x = load(scratch + k * step + v * width);
        magnitudes isLeast = (magnitudes)((magnitudes)__builtin_elementwise_abs(x) == least[v]);
        magnitudes size = (others[v] & isLeast) | (whole[v] & ~isLeast);
        values minus = (values)(sign[v] ^ x) < 0;
        values posterior = __builtin_elementwise_add_sat(x, ((values)size ^ minus) - minus);
        store(message + v * width, posterior - x);
        store(to + v * width, posterior);
      }
    }
  }
  join(part, plan, posteriors);
  return contradicted;
}

uint64_t gimbal_syndrome_signs(const int8_t *posteriors) {
  uint64_t signs = 0;
  for (int i = 0; i < step / 8; i++) {
    uint64_t bytes = *(const loose_word *)(posteriors + 8 * i);
    /* Gathers the high bits of eight bytes into one. */
    signs |= ((bytes >> 7 & 0x0101010101010101) * 0x0102040810204080 >> 56) << (8 * i);
  }
  return signs;
}
