#include "cstream.h"

#include <stddef.h>
#include <string.h>

/* As many blocks side by side as a register of the processor has words; element i of a vector is of block i. */
#if defined(__AVX2__)
enum { lanes = 8 };
#else
enum { lanes = 4 };
#endif
enum { blocks = 8, blockWords = 16 };

typedef uint32_t vector __attribute__((vector_size(4 * lanes)));

#define INLINE static inline __attribute__((always_inline))

INLINE vector all(uint32_t x) { return (vector){0} + x; }
INLINE vector rotated(vector x, int bits) { return x << bits | x >> (32 - bits); }

INLINE void quarter_round(vector *a, vector *b, vector *c, vector *d) {
  *a += *b, *d = rotated(*d ^ *a, 16);
  *c += *d, *b = rotated(*b ^ *c, 12);
  *a += *b, *d = rotated(*d ^ *a, 8);
  *c += *d, *b = rotated(*b ^ *c, 7);
}

/* Turns `lanes` words of each of `lanes` blocks: row i becomes the words of block i. */
#if defined(__AVX2__)
INLINE void turn(vector *x) {
  vector y[8];
  for (int i = 0; i < 8; i += 2) {
    y[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    y[i + 1] = __builtin_shufflevector(x[i], x[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  vector z[8];
  for (int i = 0; i < 8; i += 4) {
    z[i] = __builtin_shufflevector(y[i], y[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    z[i + 1] = __builtin_shufflevector(y[i], y[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    z[i + 2] = __builtin_shufflevector(y[i + 1], y[i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
    z[i + 3] = __builtin_shufflevector(y[i + 1], y[i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (int i = 0; i < 4; i++) {
    x[i] = __builtin_shufflevector(z[i], z[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    x[i + 4] = __builtin_shufflevector(z[i], z[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}
#else
INLINE void turn(vector *x) {
  vector a = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5), b = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
  vector c = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5), d = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
  x[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5), x[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  x[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5), x[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}
#endif

void gimbal_stream_fill(const uint32_t *key, uint32_t kind, uint32_t index, uint32_t counter, uint16_t *draws) {
  static const uint32_t offsets[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  vector lane;
  memcpy(&lane, offsets, sizeof lane);
  for (uint32_t first = 0; first < blocks; first += lanes) {
    vector start[blockWords] = {
        all(0x61707865), all(0x3320646e), all(0x79622d32), all(0x6b206574), all(key[0]), all(key[1]), all(key[2]),
        all(key[3]),     all(key[4]),     all(key[5]),     all(key[6]),     all(key[7]), lane + (counter + first),
        all(kind),       all(index),      all(0)};
    vector x[blockWords];
    for (int i = 0; i < blockWords; i++) x[i] = start[i];
    for (int round = 0; round < 10; round++) {
      for (int i = 0; i < 4; i++) quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
      for (int i = 0; i < 4; i++) quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
    }
    for (int i = 0; i < blockWords; i++) x[i] += start[i];
    for (int i = 0; i < blockWords; i += lanes) {
      turn(&x[i]);
      for (int block = 0; block < lanes; block++) {
        /* Both processors are little-endian: the low half of a word comes first. */
        memcpy(draws + 2 * (blockWords * (first + block) + i), &x[i + block], sizeof(vector));
      }
    }
  }
}
