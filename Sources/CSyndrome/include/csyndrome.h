/* One row of checks of the syndrome decoder, 64 lanes at a time: what needs vectors of bytes that saturate, and a table
 * in a register, which Swift cannot express.
 *
 * Layered belief propagation on the error pattern. Values are log-likelihood ratios of "no error" in units of 1/6,
 * saturated at 127. A column of `lanes` posteriors begins at a given byte and is followed by a copy of its first 64, so
 * that a turned one is read without a seam. Lane i of entry k looks at posterior (i + turn) mod lanes of its column and
 * has its message at messages[k * lanes + i].
 *
 * A message is stored as what it changed in the posterior. A posterior is so always the sum of the prior and of the
 * stored messages, also where it was cut at 127: a later subtraction takes back what was added and not more. */
#ifndef GIMBAL_CSYNDROME_H
#define GIMBAL_CSYNDROME_H
#include <stdint.h>

/* Lanes are worked on so many at a time; `lanes`, `first` and `end` are multiples. */
enum { gimbal_syndrome_step = 64 };

struct gimbal_syndrome_part {
  /* Number of entries. */
  int32_t entries;
  /* Lanes of a column. */
  int32_t lanes;
  /* The lanes to work on, from `first` up to but not including `end`. */
  int32_t first;
  int32_t end;
};

/* Updates the checks of a part and returns how many of them the posteriors contradicted beforehand. Of each entry,
 * `plan` has the first byte of the column in the low half and the turn in the high one. Bit i % 64 of targets[i / 64]
 * is the parity of check i, and `scratch` has 64 bytes for each entry. */
int32_t gimbal_syndrome_update(
  struct gimbal_syndrome_part part, const uint64_t *plan, const uint64_t *targets, int8_t *posteriors,
  int8_t *messages, int8_t *scratch);

/* The signs of 64 posteriors: bit i is set where the i-th is negative, an error. */
uint64_t gimbal_syndrome_signs(const int8_t *posteriors);
#endif
