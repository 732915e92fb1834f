/* The Toeplitz hash by one product of polynomials over GF(2) of libgf2x: with the key backwards, output bit i is the
 * coefficient of x^(n - 1 + i) of key times seed. Half of the product is thrown away, as the library has no other.
 *
 * A key of twice the output or more may as well be cut into pieces of the output's length; both ways are tried and the
 * faster one is what is measured. */
#include <gf2x.h>

#include "toeplitz.h"

#ifndef KERNEL
#define KERNEL "libgf2x"
#endif

static uint64_t *reversed, *product;
static size_t piece_words;

static void hash(toeplitz_job *job) {
  memset(job->out, 0, 8 * job->output_words);
  for (size_t first = 0; first < job->key_words; first += piece_words) {
    size_t words = piece_words < job->key_words - first ? piece_words : job->key_words - first;
    size_t window = words + job->output_words;
    for (size_t i = 0; i < words; i++) reversed[i] = bit_reversed(job->key[first + words - 1 - i]);
    gf2x_mul((unsigned long *)product, (unsigned long *)job->seed + first, window, (unsigned long *)reversed, words);
    for (size_t i = 0; i < job->output_words; i++) {
      job->out[i] ^= product[words + i - 1] >> 63 | product[words + i] << 1;
    }
  }
}

int main(int count, char **arguments) {
  toeplitz_job job = job_of_arguments(count, arguments);
  reversed = zeroed(job.key_words, 8);
  product = zeroed(2 * job.key_words + job.output_words, 8);
  size_t ways[2] = {job.key_words, job.output_words}, best_way = ways[0];
  double best = 1e9;
  for (int i = 0; i < 4; i++) {
    piece_words = ways[i % 2];
    double start = seconds_now();
    hash(&job);
    double wall = seconds_now() - start;
    if (wall < best) {
      best = wall;
      best_way = piece_words;
    }
  }
  piece_words = best_way;
  return measure(&job, KERNEL, hash, best_way == job.key_words ? " pieces=1" : " pieces=more");
}
