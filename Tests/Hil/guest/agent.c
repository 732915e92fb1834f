/* The program of the test's guest: `agent board PORT` answers for the simulated devices, `agent jobs PORT` runs what
 * the host asks for. Ports are those of virtio-serial, streams of bytes to the host. */
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fail(const char *what)
{
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

void put(int descriptor, const void *bytes, size_t count)
{
	const uint8_t *from = bytes;

	while (count > 0) {
		ssize_t written = write(descriptor, from, count);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			fail("write");
		from += written;
		count -= written;
	}
}

uint16_t big16(const uint8_t *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

uint32_t big32(const uint8_t *bytes)
{
	return (uint32_t)big16(bytes) << 16 | big16(bytes + 2);
}

void store_big32(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = value >> (24 - 8 * i);
}

int main(int count, char **arguments)
{
	if (count == 3 && strcmp(arguments[1], "board") == 0)
		return serve_board(arguments[2]);
	if (count == 3 && strcmp(arguments[1], "jobs") == 0)
		return serve_jobs(arguments[2]);
	fprintf(stderr, "usage: agent board|jobs PORT\n");
	return 2;
}
