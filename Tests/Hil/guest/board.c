/* Carries the requests of the simulated devices to the board's server and its answers back. Both sides speak the board
 * protocol of Documentation/Protocol/Board.md; towards the kernel a tag of four bytes stands before each message. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	TAG = 4, REPLY_HEAD = 12, PAYLOAD_MAX = 4096, RECORD_MAX = TAG + REPLY_HEAD + PAYLOAD_MAX,
	HELLO = 1, VERSION = 2, FREE_RUNNING = 1, DONE = 0, LINES = 4,
};

static int devices, port;
/* What came from the server, behind room for the tag of its first message. */
static uint8_t incoming[TAG + 4 * RECORD_MAX];
static size_t filled;
static uint32_t tag;
static int has_greeted;

/* The devices have a clock of their own, so the server is asked not to wait for them. */
static void greet(void)
{
	const uint8_t hello[] = { HELLO, VERSION, 0, 1, 0, 1, 0, 0, FREE_RUNNING };

	put(port, hello, sizeof hello);
}

static void pass_request(void)
{
	uint8_t record[RECORD_MAX];
	ssize_t count = read(devices, record, sizeof record);

	if (count < TAG)
		fail("read of /dev/gimbal-sim");
	tag = big32(record);
	put(port, record + TAG, count - TAG);
}

/* One message of the server, `count` bytes with the room for its tag in front. */
static void pass_message(uint8_t *record, size_t count)
{
	if (record[TAG] == LINES) {
		store_big32(record, 0);
	} else if (!has_greeted) {
		if (record[TAG] != DONE) {
			errno = EPROTO;
			fail("the server does not take part");
		}
		has_greeted = 1;
		return;
	} else {
		store_big32(record, tag);
	}
	put(devices, record, count);
}

static void pass_messages(void)
{
	ssize_t count = read(port, incoming + TAG + filled, sizeof incoming - TAG - filled);

	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (count <= 0)
		fail("the server is gone");
	filled += count;
	while (filled >= REPLY_HEAD) {
		size_t length = REPLY_HEAD + big16(incoming + TAG + 2);
		if (filled < length)
			return;
		pass_message(incoming, TAG + length);
		filled -= length;
		memmove(incoming + TAG, incoming + TAG + length, filled);
	}
}

int serve_board(const char *path)
{
	devices = open("/dev/gimbal-sim", O_RDWR | O_CLOEXEC);
	if (devices < 0)
		fail("/dev/gimbal-sim");
	port = open(path, O_RDWR | O_CLOEXEC);
	if (port < 0)
		fail(path);
	greet();
	for (;;) {
		/* Requests wait until the server has greeted back. */
		struct pollfd ends[] = { { .fd = port, .events = POLLIN }, { .fd = devices, .events = POLLIN } };
		if (poll(ends, has_greeted ? 2 : 1, -1) < 0 && errno != EINTR)
			fail("poll");
		if (ends[0].revents)
			pass_messages();
		if (ends[1].revents)
			pass_request();
	}
}
