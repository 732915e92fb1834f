/* The keystream that the public permutation of a block is drawn from. */
#ifndef CSTREAM_H
#define CSTREAM_H

#include <stdint.h>

/* Draws of 16 bits that one call makes: eight blocks of 64 bytes. */
enum { gimbal_stream_draws = 256 };

/*
 * ChaCha20 (RFC 8439, section 2.3): eight blocks from block counter `counter` on, under `key` of eight words and the
 * nonce (`kind`, `index`, 0). Of each word of the keystream the low half is a draw, then the high half.
 */
void gimbal_stream_fill(
    const uint32_t *key, uint32_t kind, uint32_t index, uint32_t counter, uint16_t *draws);

#endif
