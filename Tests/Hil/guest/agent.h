/* What the parts of the guest's program share. */
#ifndef AGENT_H
#define AGENT_H

#include <stddef.h>
#include <stdint.h>

/* Answers for the simulated devices through the port to the board's server; returns only when that has gone. */
int serve_board(const char *port);
/* Runs the commands that come through a port; returns only when the host has gone. */
int serve_jobs(const char *port);

/* Writes everything or ends the program. */
void put(int descriptor, const void *bytes, size_t count);
/* Says what failed, with the reason of the system, and ends the program. */
void fail(const char *what) __attribute__((noreturn));

uint16_t big16(const uint8_t *bytes);
uint32_t big32(const uint8_t *bytes);
void store_big32(uint8_t *bytes, uint32_t value);

#endif
