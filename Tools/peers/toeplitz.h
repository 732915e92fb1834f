/* What the programs that hash with other libraries share: input, the naive hash, timing and the line that they print.
 *
 * The hash is the one of Sources/PrivacyAmplification: out[i] = XOR over j of key[j] & seed[i + j], bit i of a string
 * in bit i % 64 of word i / 64. Input comes from SplitMix64, key first and then seed, as in `twin bench privacy`, so
 * that equal figures behind `check=` (the exclusive or of all words of the output) mean equal output. */
#ifndef GIMBAL_PEERS_TOEPLITZ_H
#define GIMBAL_PEERS_TOEPLITZ_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  size_t bits, output, key_words, seed_words, output_words;
  uint64_t *key, *seed, *out;
} toeplitz_job;

static uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

static void *zeroed(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (!memory) {
    fputs("error: out of memory\n", stderr);
    exit(1);
  }
  return memory;
}

/* Reads KEY_BITS OUTPUT_BITS [SEED], both multiples of 64 with OUTPUT_BITS <= KEY_BITS, and draws the input. */
static toeplitz_job job_of_arguments(int count, char **arguments) {
  toeplitz_job job = {0};
  if (count == 3 || count == 4) {
    job.bits = strtoull(arguments[1], 0, 10);
    job.output = strtoull(arguments[2], 0, 10);
  }
  if (!job.bits || !job.output || job.bits % 64 || job.output % 64 || job.output > job.bits || job.bits > 1 << 28) {
    fprintf(stderr, "usage: %s KEY_BITS OUTPUT_BITS [SEED], multiples of 64\n", arguments[0]);
    exit(2);
  }
  job.key_words = job.bits / 64;
  job.output_words = job.output / 64;
  job.seed_words = job.key_words + job.output_words;
  job.key = zeroed(job.key_words, 8);
  job.seed = zeroed(job.seed_words, 8);
  job.out = zeroed(job.output_words, 8);
  uint64_t state = count == 4 ? strtoull(arguments[3], 0, 10) : 1;
  for (size_t i = 0; i < job.key_words; i++) job.key[i] = next_random(&state);
  for (size_t i = 0; i < job.seed_words; i++) job.seed[i] = next_random(&state);
  return job;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* Bit i of the output by the definition. */
static int naive_bit(const toeplitz_job *job, size_t i) {
  uint64_t sum = 0;
  for (size_t w = 0; w < job->key_words; w++) {
    uint64_t window = job->seed[w + i / 64] >> (i % 64);
    if (i % 64) window |= job->seed[w + i / 64 + 1] << (64 - i % 64);
    sum ^= window & job->key[w];
  }
  return __builtin_parityll(sum);
}

/* Compares with the definition: every bit of a short output, and 512 bits spread over a long one. */
static int is_right(const toeplitz_job *job) {
  size_t step = job->output <= 8192 ? 1 : job->output / 512 - 1;
  for (size_t i = 0; i < job->output; i += step) {
    if (naive_bit(job, i) != (int)(job->out[i / 64] >> (i % 64) & 1)) {
      fprintf(stderr, "error: bit %zu of the output differs from the definition\n", i);
      return 0;
    }
  }
  return 1;
}

static inline uint64_t bit_reversed(uint64_t word) {
  word = __builtin_bswap64(word);
  word = (word >> 4 & 0x0f0f0f0f0f0f0f0f) | (word & 0x0f0f0f0f0f0f0f0f) << 4;
  word = (word >> 2 & 0x3333333333333333) | (word & 0x3333333333333333) << 2;
  return (word >> 1 & 0x5555555555555555) | (word & 0x5555555555555555) << 1;
}

/* Repeats `hash` for a fifth of a second, at least three times, and prints the fastest; the status of the program. */
static int measure(toeplitz_job *job, const char *kernel, void (*hash)(toeplitz_job *), const char *more) {
  double best = 1e9, began = seconds_now();
  for (int i = 0; i < 3 || (i < 1000 && seconds_now() - began < 0.2); i++) {
    double start = seconds_now();
    hash(job);
    double wall = seconds_now() - start;
    if (wall < best) best = wall;
  }
  if (!is_right(job)) return 1;
  uint64_t check = 0;
  for (size_t i = 0; i < job->output_words; i++) check ^= job->out[i];
  printf("bench stage=privacy n=%zu output=%zu kernel=%s mbit_s=%.2f wall_s=%.5f%s check=%016llx\n", job->bits,
         job->output, kernel, 1e-6 * job->bits / best, best, more, (unsigned long long)check);
  return 0;
}
#endif
