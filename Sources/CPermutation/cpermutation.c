#include "cpermutation.h"

#if defined(__AVX2__)
#include <immintrin.h>
enum { lanes = 8 };
#else
enum { lanes = 4 };
#endif

typedef uint32_t vector __attribute__((vector_size(4 * lanes)));

#define INLINE static inline __attribute__((always_inline))

INLINE vector all(uint32_t x) { return (vector){0} + x; }

INLINE vector stirred(const struct gimbal_permutation *permutation, vector x) {
  const vector mask = all(permutation->mask), fold = all(permutation->fold);
  for (int round = 0; round < gimbal_permutation_rounds; round++) {
    x = (x * permutation->multipliers[round] + permutation->offsets[round]) & mask;
    x ^= x >> fold;
  }
  return x;
}

INLINE int any(vector mask) {
#if defined(__AVX2__)
  return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#else
  uint64_t sum = 0;
  for (int i = 0; i < lanes; i++) sum |= mask[i];
  return sum != 0;
#endif
}

/* A bit of `tile` for every lane, lane 0 first. */
INLINE uint64_t looked_up(const uint64_t *tile, vector index) {
#if defined(__AVX2__)
  /* Of the halves of the words the bit is shifted to the top, where the mask takes it. */
  const __m256i words = _mm256_i32gather_epi32((const int *)tile, _mm256_srli_epi32((__m256i)index, 5), 4);
  const __m256i up = _mm256_sub_epi32(_mm256_set1_epi32(31), _mm256_and_si256((__m256i)index, _mm256_set1_epi32(31)));
  return (uint64_t)(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_sllv_epi32(words, up)));
#else
  uint64_t bits = 0;
  for (int i = 0; i < lanes; i++) bits |= (tile[index[i] >> 6] >> (index[i] & 63) & 1) << i;
  return bits;
#endif
}

uint64_t gimbal_permuted_bits(
    const struct gimbal_permutation *permutation, const uint64_t *tile, uint32_t first, uint32_t count) {
  static const uint32_t offsets[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  const vector limit = all(permutation->bits);
  vector place = all(first);
  for (int i = 0; i < lanes; i++) place[i] += offsets[i];
  uint64_t bits = 0;
  for (uint32_t done = 0; done < count; done += lanes, place += lanes) {
    /* Lanes behind the last position look up what the last one does; they are cut off below. */
    const vector last = all(first + count - 1);
    const vector within = (vector)(place < limit);
    vector index = stirred(permutation, (place & within) | (last & ~within));
    vector outside = (vector)(index >= limit);
    while (any(outside)) {
      index = (stirred(permutation, index) & outside) | (index & ~outside);
      outside = (vector)(index >= limit);
    }
    bits |= looked_up(tile, index) << done;
  }
  return count == 64 ? bits : bits & (((uint64_t)1 << count) - 1);
}
