/* Runs shell commands that the host asks for, several at a time.
 *
 * Messages both ways: number of the job (2 bytes), kind (1), zero (1), length (4), that many bytes; big-endian.
 * The host sends START with a command, SIGNAL with the number of a signal in one byte. The guest sends OUTPUT with
 * what a job writes to both of its outputs, and at last EXIT with its status in one byte, 128 and more for a signal. */
#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START = 1, SIGNAL = 2, OUTPUT = 3, EXIT = 4, HEAD = 8, COMMAND_MAX = 8192, JOBS_MAX = 16 };

static struct job {
	/* 0 while the place is free. */
	pid_t pid;
	uint16_t number;
	int output;
} jobs[JOBS_MAX];

static int port;
static uint8_t incoming[HEAD + COMMAND_MAX + 1];
static size_t filled;

static void tell(uint16_t number, uint8_t kind, const void *bytes, uint32_t count)
{
	uint8_t head[HEAD] = { number >> 8, number, kind, 0 };

	store_big32(head + 4, count);
	put(port, head, sizeof head);
	put(port, bytes, count);
}

static void run(int output, const char *command)
{
	int nothing = open("/dev/null", O_RDONLY);

	setsid();
	dup2(nothing, 0);
	dup2(output, 1);
	dup2(output, 2);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static void start(uint16_t number, const char *command)
{
	int ends[2];
	struct job *job = jobs;

	while (job < jobs + JOBS_MAX && job->pid != 0)
		job++;
	if (job == jobs + JOBS_MAX) {
		errno = EAGAIN;
		fail("too many jobs");
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		fail("pipe");
	job->pid = fork();
	if (job->pid < 0)
		fail("fork");
	if (job->pid == 0)
		run(ends[1], command);
	close(ends[1]);
	job->number = number;
	job->output = ends[0];
}

static void pass_signal(uint16_t number, int which)
{
	for (struct job *job = jobs; job < jobs + JOBS_MAX; job++)
		if (job->pid != 0 && job->number == number)
			kill(-job->pid, which);
}

static void take_messages(void)
{
	ssize_t count = read(port, incoming + filled, sizeof incoming - 1 - filled);

	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (count <= 0)
		exit(0);
	filled += count;
	while (filled >= HEAD) {
		size_t length = HEAD + (size_t)big32(incoming + 4);
		if (length > HEAD + COMMAND_MAX) {
			errno = EMSGSIZE;
			fail("message of the host");
		}
		if (filled < length)
			return;
		uint8_t behind = incoming[length];
		incoming[length] = 0;
		if (incoming[2] == START)
			start(big16(incoming), (char *)incoming + HEAD);
		else if (incoming[2] == SIGNAL)
			pass_signal(big16(incoming), incoming[HEAD]);
		incoming[length] = behind;
		filled -= length;
		memmove(incoming, incoming + length, filled);
	}
}

static void take_output(struct job *job)
{
	uint8_t bytes[4096];
	ssize_t count = read(job->output, bytes, sizeof bytes);
	int status;

	if (count < 0 && errno == EINTR)
		return;
	if (count > 0) {
		tell(job->number, OUTPUT, bytes, count);
		return;
	}
	close(job->output);
	while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
		;
	uint8_t code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	tell(job->number, EXIT, &code, 1);
	job->pid = 0;
}

int serve_jobs(const char *path)
{
	port = open(path, O_RDWR | O_CLOEXEC);
	if (port < 0)
		fail(path);
	for (;;) {
		struct pollfd ends[1 + JOBS_MAX] = { { .fd = port, .events = POLLIN } };
		for (int i = 0; i < JOBS_MAX; i++)
			ends[1 + i] = (struct pollfd) { .fd = jobs[i].pid ? jobs[i].output : -1, .events = POLLIN };
		if (poll(ends, 1 + JOBS_MAX, -1) < 0 && errno != EINTR)
			fail("poll");
		for (int i = 0; i < JOBS_MAX; i++)
			if (ends[1 + i].fd >= 0 && ends[1 + i].revents)
				take_output(&jobs[i]);
		if (ends[0].revents)
			take_messages();
	}
}
