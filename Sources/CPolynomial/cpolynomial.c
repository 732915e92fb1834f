#include "cpolynomial.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#include <wmmintrin.h>

/* Every x86-64 processor since 2010 has PCLMULQDQ. */
#define CARRYLESS __attribute__((target("pclmul,sse2")))
#define INLINE static inline __attribute__((always_inline)) CARRYLESS

/* An unreduced product: low + middle x^64 + high x^128. */
struct product {
  __m128i low, middle, high;
};

INLINE struct product product_of(__m128i a, __m128i b) {
  return (struct product){
      _mm_clmulepi64_si128(a, b, 0x00),
      _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x01), _mm_clmulepi64_si128(a, b, 0x10)),
      _mm_clmulepi64_si128(a, b, 0x11)};
}

INLINE struct product sum_of(struct product a, struct product b) {
  return (struct product){
      _mm_xor_si128(a.low, b.low), _mm_xor_si128(a.middle, b.middle), _mm_xor_si128(a.high, b.high)};
}

/* x^128 = x^7 + x^2 + x + 1: the highest word is folded into the two in the middle, then the next one. */
INLINE __m128i reduced(struct product p) {
  const __m128i tail = _mm_set_epi64x(0, 0x87);
  __m128i low = _mm_xor_si128(p.low, _mm_slli_si128(p.middle, 8));
  __m128i high = _mm_xor_si128(p.high, _mm_srli_si128(p.middle, 8));
  const __m128i top = _mm_clmulepi64_si128(high, tail, 0x01);
  low = _mm_xor_si128(low, _mm_slli_si128(top, 8));
  high = _mm_xor_si128(high, _mm_srli_si128(top, 8));
  return _mm_xor_si128(low, _mm_clmulepi64_si128(high, tail, 0x00));
}

INLINE __m128i block_at(const uint8_t *blocks, size_t index) {
  return _mm_loadu_si128((const __m128i *)(blocks + 16 * index));
}

/* Four blocks share a reduction: (((s + b0) r + b1) r + b2) r + b3) r = (s + b0) r^4 + b1 r^3 + b2 r^2 + b3 r. */
CARRYLESS struct gimbal_element gimbal_polynomial_value(
    struct gimbal_element sum, struct gimbal_element point, const uint8_t *blocks, size_t count) {
  const __m128i r = _mm_set_epi64x((int64_t)point.high, (int64_t)point.low);
  __m128i s = _mm_set_epi64x((int64_t)sum.high, (int64_t)sum.low);
  size_t done = 0;
  if (count >= 8) {
    const __m128i r2 = reduced(product_of(r, r)), r3 = reduced(product_of(r2, r)), r4 = reduced(product_of(r2, r2));
    for (; count - done >= 4; done += 4) {
      const struct product front = product_of(_mm_xor_si128(s, block_at(blocks, done)), r4);
      const struct product back = sum_of(
          product_of(block_at(blocks, done + 1), r3),
          sum_of(product_of(block_at(blocks, done + 2), r2), product_of(block_at(blocks, done + 3), r)));
      s = reduced(sum_of(front, back));
    }
  }
  for (; done < count; done++) s = reduced(product_of(_mm_xor_si128(s, block_at(blocks, done)), r));
  return (struct gimbal_element){
      (uint64_t)_mm_cvtsi128_si64(s), (uint64_t)_mm_cvtsi128_si64(_mm_srli_si128(s, 8))};
}

/* What stands 128 bits further ahead is worth x^(128 + 32) and x^(128 - 32) more for its earlier and its later half,
 * bits reversed and one place up, as reflected products come out one place low (Gopal et al., "Fast CRC Computation
 * for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009). */
CARRYLESS uint32_t gimbal_checksum(uint32_t state, const uint8_t *blocks, size_t count, uint8_t rest[16]) {
  const __m128i ahead = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
  __m128i x = _mm_xor_si128(block_at(blocks, 0), _mm_cvtsi32_si128((int)state));
  for (size_t i = 1; i < count; i++) {
    const __m128i folded = _mm_xor_si128(_mm_clmulepi64_si128(x, ahead, 0x00), _mm_clmulepi64_si128(x, ahead, 0x11));
    x = _mm_xor_si128(folded, block_at(blocks, i));
  }
  _mm_storeu_si128((__m128i *)rest, x);
  return 0;
}
#else
struct gimbal_element gimbal_polynomial_value(
    struct gimbal_element sum, struct gimbal_element point, const uint8_t *blocks, size_t count) {
  (void)point;
  (void)blocks;
  (void)count;
  __builtin_trap();
  return sum;
}
#endif

#if defined(__aarch64__)
#include <string.h>

/* The instruction for this very polynomial, which Cortex-A72 has as every ARMv8.1 processor. */
static inline __attribute__((always_inline, target("crc"))) uint32_t divided(uint32_t state, uint64_t word) {
  return __builtin_arm_crc32d(state, word);
}

__attribute__((target("crc"))) uint32_t gimbal_checksum(
    uint32_t state, const uint8_t *blocks, size_t count, uint8_t rest[16]) {
  (void)rest;
  for (size_t i = 0; i < 2 * count; i++) {
    uint64_t word;
    memcpy(&word, blocks + 8 * i, sizeof word);
    state = divided(state, word);
  }
  return state;
}
#elif !defined(__x86_64__)
uint32_t gimbal_checksum(uint32_t state, const uint8_t *blocks, size_t count, uint8_t rest[16]) {
  (void)blocks;
  (void)count;
  (void)rest;
  __builtin_trap();
  return state;
}
#endif
