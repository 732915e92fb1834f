#pragma once

#include <stddef.h>
#include <stdint.h>

/* Arithmetic of polynomials over GF(2) with the instructions that processors have for it. */

/* An element of GF(2^128), bit i of `low` the coefficient of x^i, bit i of `high` that of x^(64 + i), modulo
 * x^128 + x^7 + x^2 + x + 1. */
struct gimbal_element {
  uint64_t low, high;
};

/* Horner's rule: sum = (sum + block) * point for each of `count` blocks of 16 bytes, the first byte in the lowest bits.
 * Its time depends on `count` alone. Only on x86-64. */
struct gimbal_element gimbal_polynomial_value(
    struct gimbal_element sum, struct gimbal_element point, const uint8_t *blocks, size_t count);

/* Goes on with a CRC-32/ISO-HDLC, its register `state` without the final xor, over `count` >= 1 blocks of 16 bytes.
 * On x86-64 the blocks are folded into the 16 bytes of `rest`, whose remainder from a register of zero is the result;
 * elsewhere `rest` is not written. Only where gimbal_checksum_kernel is not gimbal_checksum_none. */
uint32_t gimbal_checksum(uint32_t state, const uint8_t *blocks, size_t count, uint8_t rest[16]);

enum { gimbal_checksum_none, gimbal_checksum_folds, gimbal_checksum_divides };

#if defined(__x86_64__)
enum { gimbal_checksum_kernel = gimbal_checksum_folds };
#elif defined(__aarch64__)
enum { gimbal_checksum_kernel = gimbal_checksum_divides };
#else
enum { gimbal_checksum_kernel = gimbal_checksum_none };
#endif
