/* The Toeplitz hash by real Fourier transforms of FFTW in double precision: the same product as with libgf2x, over the
 * integers, of which the lowest bit is kept. It wraps around where nothing of it is wanted.
 *
 * Both forward transforms, the inverse, and moving bits into numbers and back are measured; planning is not. A sum that
 * is further than a quarter from an integer ends the program. */
#include <fftw3.h>
#include <math.h>

#include "toeplitz.h"

static double *key, *seed, farthest;
static fftw_complex *key_waves, *seed_waves;
static fftw_plan forward_key, forward_seed, backward;
static size_t length;

static void spread(const uint64_t *words, size_t bits, double *numbers, int backwards) {
  for (size_t i = 0; i < bits; i++) numbers[backwards ? bits - 1 - i : i] = words[i / 64] >> (i % 64) & 1;
  for (size_t i = bits; i < length; i++) numbers[i] = 0;
}

static void hash(toeplitz_job *job) {
  /* One bit of the last word of the seed has no row; it has to stay out, because the product wraps around. */
  spread(job->key, job->bits, key, 1);
  spread(job->seed, job->bits + job->output - 1, seed, 0);
  fftw_execute(forward_key);
  fftw_execute(forward_seed);
  for (size_t i = 0; i <= length / 2; i++) {
    double re = key_waves[i][0] * seed_waves[i][0] - key_waves[i][1] * seed_waves[i][1];
    double im = key_waves[i][0] * seed_waves[i][1] + key_waves[i][1] * seed_waves[i][0];
    seed_waves[i][0] = re;
    seed_waves[i][1] = im;
  }
  fftw_execute(backward);
  memset(job->out, 0, 8 * job->output_words);
  double scale = 1.0 / length;
  for (size_t i = 0; i < job->output; i++) {
    double sum = seed[job->bits - 1 + i] * scale;
    double whole = rint(sum);
    double off = fabs(sum - whole);
    if (off > farthest) farthest = off;
    job->out[i / 64] |= (uint64_t)((int64_t)whole & 1) << (i % 64);
  }
}

int main(int count, char **arguments) {
  toeplitz_job job = job_of_arguments(count, arguments);
  length = job.bits + job.output;
  key = fftw_alloc_real(length);
  seed = fftw_alloc_real(length);
  key_waves = fftw_alloc_complex(length / 2 + 1);
  seed_waves = fftw_alloc_complex(length / 2 + 1);
  fftw_set_timelimit(5);
  forward_key = fftw_plan_dft_r2c_1d(length, key, key_waves, FFTW_MEASURE);
  forward_seed = fftw_plan_dft_r2c_1d(length, seed, seed_waves, FFTW_MEASURE);
  backward = fftw_plan_dft_c2r_1d(length, seed_waves, seed, FFTW_MEASURE);
  hash(&job);
  if (!(farthest < 0.25)) {
    fprintf(stderr, "error: a sum is %g away from an integer\n", farthest);
    return 1;
  }
  char more[40];
  snprintf(more, sizeof more, " rounding=%.1e", farthest);
  return measure(&job, "fftw", hash, more);
}
