/* The LDPC codes of reconciliation, as Documentation/Protocol/Codes.md describes them.
 *
 * Codes are numbered from 0 by ascending number of rows; a code has 256 columns. Rows and entries are numbered through
 * all codes: code k owns rows gimbal_code_first_row(k) up to gimbal_code_first_row(k + 1), row r owns entries
 * gimbal_code_row_start(r) up to gimbal_code_row_start(r + 1). With z lanes, check i of a row is the sum modulo 2 of
 * bits (column * z + (i + shift) mod z) over the row's entries. The first half of the entries of a row, rounded up, are
 * one half of the row when it is split, the others the other. */
#ifndef GIMBAL_CCODES_H
#define GIMBAL_CCODES_H
#include <stdint.h>

/* clang-format off */
enum { gimbal_code_column_count = 256 };
enum { gimbal_code_count = 20 };
enum { gimbal_code_row_count = 1046 };
enum { gimbal_code_entry_count = 27988 };
enum { gimbal_code_rows_max = 159 };
enum { gimbal_code_row_entries_max = 161 };
enum { gimbal_code_entries_max = 1516 };
/* clang-format on */

extern const uint16_t gimbal_code_first_rows[];
extern const uint16_t gimbal_code_row_starts[];
extern const uint8_t gimbal_code_columns[];
extern const uint16_t gimbal_code_shifts[];

/* The accessors trap on a number that names nothing. */
static inline int32_t gimbal_code_checked(int32_t index, int32_t count) {
  if (index < 0 || index >= count) __builtin_trap();
  return index;
}

/* First row of a code; of the number after the last code, the number of all rows. */
static inline int32_t gimbal_code_first_row(int32_t code) {
  return gimbal_code_first_rows[gimbal_code_checked(code, gimbal_code_count + 1)];
}
/* First entry of a row; of the number after the last row, the number of all entries. */
static inline int32_t gimbal_code_row_start(int32_t row) {
  return gimbal_code_row_starts[gimbal_code_checked(row, gimbal_code_row_count + 1)];
}
/* Column of an entry, 0 ... 255. */
static inline int32_t gimbal_code_column(int32_t entry) {
  return gimbal_code_columns[gimbal_code_checked(entry, gimbal_code_entry_count)];
}
/* Shift of an entry, 0 ... 1023, to be taken modulo the number of lanes. */
static inline int32_t gimbal_code_shift(int32_t entry) {
  return gimbal_code_shifts[gimbal_code_checked(entry, gimbal_code_entry_count)];
}
#endif
