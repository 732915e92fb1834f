/* Carries the requests of the simulated devices to the board's server and its answers back. Both sides speak the board
 * protocol of Documentation/Protocol/Board.md; towards the kernel a tag of four bytes stands before each message. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	TAG = 4, REPLY_HEAD = 12, PAYLOAD_MAX = 4096, RECORD_MAX = TAG + REPLY_HEAD + PAYLOAD_MAX,
	HELLO = 1, READ_LINE = 6, VERSION = 2, FREE_RUNNING = 1, DONE = 0, LINES = 4, QUIET_MS = 10,
};

static int devices, port;
/* What came from the server, behind room for the tag of its first message. */
static uint8_t incoming[TAG + 4 * RECORD_MAX];
static size_t filled;
static uint32_t tag;
static int has_greeted;
/* Whether a request of the devices, or one of our own, waits for its answer. */
static int is_asked, shows_life;

/* The devices have a clock of their own, so the server is asked not to wait for them. */
static void greet(void)
{
	const uint8_t hello[] = { HELLO, VERSION, 0, 1, 0, 1, 0, 0, FREE_RUNNING };

	put(port, hello, sizeof hello);
}

/* Time of the simulation stands still when nothing is asked: the guest's computer may have been taken away. While
 * programs of the guest have nothing to ask, this does. */
static void show_life(void)
{
	const uint8_t request[] = { READ_LINE, 0, 0, 0, 0, 1, 0, 0 };

	put(port, request, sizeof request);
	shows_life = 1;
}

static void pass_request(void)
{
	uint8_t record[RECORD_MAX];
	ssize_t count = read(devices, record, sizeof record);

	if (count < TAG)
		fail("read of /dev/gimbal-sim");
	tag = big32(record);
	put(port, record + TAG, count - TAG);
	is_asked = 1;
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
	} else if (shows_life) {
		shows_life = 0;
		return;
	} else {
		store_big32(record, tag);
		is_asked = 0;
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
	/* On a board the devices wait for no program; below the control thread, at 80, above everything else. */
	const struct sched_param priority = { .sched_priority = 70 };

	if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
		fail("priority");
	devices = open("/dev/gimbal-sim", O_RDWR | O_CLOEXEC);
	if (devices < 0)
		fail("/dev/gimbal-sim");
	port = open(path, O_RDWR | O_CLOEXEC);
	if (port < 0)
		fail(path);
	greet();
	for (;;) {
		/* Requests wait until the server has answered what was asked before. */
		int may_ask = has_greeted && !shows_life;
		struct pollfd ends[] = { { .fd = port, .events = POLLIN }, { .fd = devices, .events = POLLIN } };
		int ready = poll(ends, may_ask ? 2 : 1, may_ask ? QUIET_MS : -1);
		if (ready < 0 && errno != EINTR)
			fail("poll");
		if (ends[0].revents)
			pass_messages();
		if (may_ask && ends[1].revents)
			pass_request();
		else if (ready == 0 && !is_asked)
			show_life();
	}
}
