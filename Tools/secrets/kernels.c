/* Runs the kernels in C on secrets that valgrind takes for undefined, so that it reports every branch and every address
 * that depends on one. With the argument `planted` it branches on a secret itself, to see the check fail.
 *
 * Before that, the two Toeplitz kernels are compared: under valgrind the processor has no wide carry-less
 * multiplication, so that the narrow one runs, whatever this machine has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpermutation.h"
#include "cpolynomial.h"
#include "csyndrome.h"
#include "ctoeplitz.h"

enum { words = gimbal_toeplitz_words, lanes = 64, entries = 5, tile_bits = 4096 };

/* Memory of which the compiler knows nothing and valgrind that nobody has written it. */
static void *secret(size_t bytes) {
  void *place = malloc(bytes);
  __asm__ volatile("" : "+r"(place) : : "memory");
  return place;
}

static uint64_t next(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state ^ *state >> 29;
}

static uint64_t seed[2 * words], scratch[gimbal_toeplitz_scratch_words];

static int toeplitz_kernels_agree(void) {
  uint64_t state = 1, key[words], first[words] = {0}, second[words] = {0};
  for (int i = 0; i < 2 * words; i++) seed[i] = next(&state);
  for (int i = 0; i < words; i++) key[i] = next(&state);
  gimbal_toeplitz_portable(seed, key, first, scratch);
#if defined(__x86_64__)
  gimbal_toeplitz_carryless(seed, key, second, scratch);
  return memcmp(first, second, sizeof first) == 0;
#else
  return first[0] != second[0];
#endif
}

static void run_toeplitz(void) {
  uint64_t *key = secret(8 * words), *out = secret(8 * words);
  gimbal_toeplitz_portable(seed, key, out, scratch);
#if defined(__x86_64__)
  gimbal_toeplitz_carryless(seed, key, out, scratch);
#endif
  free(key);
  free(out);
}

static void run_polynomial(void) {
#if defined(__x86_64__)
  uint8_t *blocks = secret(16 * 21);
  struct gimbal_element *point = secret(sizeof *point), *sum = secret(sizeof *sum);
  *sum = gimbal_polynomial_value(*sum, *point, blocks, 21);
  free(blocks);
  free(point);
  free(sum);
#endif
}

static void run_permutation(void) {
  const struct gimbal_permutation permutation = {
      tile_bits - 96, tile_bits - 1, 6, {5, 9, 13, 17}, {1, 2, 3, 4}};
  uint64_t *tile = secret(tile_bits / 8);
  uint64_t *bits = secret(sizeof *bits);
  for (uint32_t first = 0; first + 64 <= permutation.bits; first += 64)
    *bits = gimbal_permuted_bits(&permutation, tile, first, 64);
  free(tile);
  free(bits);
}

static void run_syndrome(void) {
  const struct gimbal_syndrome_part part = {entries, lanes, 0, lanes};
  uint64_t plan[entries], *targets = secret(8);
  for (uint64_t i = 0; i < entries; i++) plan[i] = i * (lanes + 64) | (7 * i) << 32;
  int8_t *posteriors = secret(entries * (lanes + 64)), *messages = secret(entries * lanes);
  int8_t *rest = secret(64 * entries);
  int32_t *contradicted = secret(sizeof *contradicted);
  *contradicted = gimbal_syndrome_update(part, plan, targets, posteriors, messages, rest);
  uint64_t *signs = secret(sizeof *signs);
  *signs = gimbal_syndrome_signs(posteriors);
  free(targets);
  free(posteriors);
  free(messages);
  free(rest);
  free(contradicted);
  free(signs);
}

int main(int count, char **arguments) {
  if (!toeplitz_kernels_agree()) {
    puts("error: secrets: the Toeplitz kernels differ");
    return 1;
  }
  run_toeplitz();
  run_polynomial();
  run_permutation();
  run_syndrome();
  if (count > 1 && strcmp(arguments[1], "planted") == 0) {
    const uint8_t *key = secret(1);
    if (*key & 1) puts("secrets: planted");
  }
  return 0;
}
