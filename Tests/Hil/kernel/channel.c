// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way from the simulated devices to the program that answers for the board.
 *
 * The program reads requests from /dev/gimbal-sim, one a read, and writes what the board answers, one record a write.
 * A record is a tag of four bytes, then a message of the board protocol. An answer bears the tag of its request; what
 * comes too late is dropped by it. Tag zero bears what the board says by itself: the levels of its lines.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <asm/unaligned.h>

#include "gimbal_sim.h"

#define TAG_BYTES 4
#define RECORD_MAX (TAG_BYTES + BOARD_REPLY_HEAD + BOARD_PAYLOAD_MAX)

static unsigned int timeout_ms = 20000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "how long a transfer waits for the program that answers for the board");

static bool alone;
module_param(alone, bool, 0644);
MODULE_PARM_DESC(alone, "nobody answers for the board, at once: wires are silent, outputs take their levels");

/* One request at a time, as the board protocol has it. */
static DEFINE_MUTEX(asking);
/* Holds what follows. */
static DEFINE_MUTEX(state);
static enum { IDLE, ASKED, TAKEN, ANSWERED } progress;
static u32 tag;
static bool is_open;
static u8 request_record[RECORD_MAX];
static size_t request_bytes;
static u8 answer_record[RECORD_MAX];
static size_t answer_bytes;
static DECLARE_WAIT_QUEUE_HEAD(request_there);
static DECLARE_WAIT_QUEUE_HEAD(answer_there);

static struct platform_device *board;

static void put_request(const struct gimbal_request *request)
{
	u8 *head = request_record + TAG_BYTES;

	tag = tag == U32_MAX ? 1 : tag + 1;
	put_unaligned_be32(tag, request_record);
	head[0] = request->operation;
	head[1] = request->argument;
	put_unaligned_be16(request->payload_bytes, head + 2);
	put_unaligned_be16(request->reply_bytes, head + 4);
	put_unaligned_be16(0, head + 6);
	if (request->payload_bytes)
		memcpy(head + BOARD_REQUEST_HEAD, request->payload, request->payload_bytes);
	request_bytes = TAG_BYTES + BOARD_REQUEST_HEAD + request->payload_bytes;
	progress = ASKED;
}

static int take_answer(const struct gimbal_request *request)
{
	const u8 *head = answer_record + TAG_BYTES;

	switch (head[0]) {
	case BOARD_DONE:
		break;
	case BOARD_NOT_ACKNOWLEDGED:
		return -ENXIO;
	case BOARD_TIMED_OUT:
		return -ETIMEDOUT;
	default:
		return -EIO;
	}
	if (answer_bytes != TAG_BYTES + BOARD_REPLY_HEAD + request->reply_bytes)
		return -EIO;
	if (request->reply_bytes)
		memcpy(request->reply, head + BOARD_REPLY_HEAD, request->reply_bytes);
	return 0;
}

bool gimbal_is_alone(void)
{
	return READ_ONCE(alone);
}

static int answer_alone(const struct gimbal_request *request)
{
	switch (request->operation) {
	case BOARD_SET_LINE:
		return 0;
	case BOARD_I2C:
		return -ENXIO;
	default:
		return -ETIMEDOUT;
	}
}

int gimbal_ask(const struct gimbal_request *request)
{
	int result;

	if (gimbal_is_alone())
		return answer_alone(request);
	if (request->payload_bytes > BOARD_PAYLOAD_MAX || request->reply_bytes > BOARD_PAYLOAD_MAX)
		return -EMSGSIZE;
	mutex_lock(&asking);
	mutex_lock(&state);
	if (!is_open) {
		mutex_unlock(&state);
		mutex_unlock(&asking);
		return -ENODEV;
	}
	put_request(request);
	mutex_unlock(&state);
	wake_up_interruptible(&request_there);

	wait_event_timeout(answer_there, READ_ONCE(progress) == ANSWERED || !READ_ONCE(is_open),
			   msecs_to_jiffies(timeout_ms));
	mutex_lock(&state);
	if (progress == ANSWERED)
		result = take_answer(request);
	else
		result = is_open ? -ETIMEDOUT : -ENODEV;
	progress = IDLE;
	mutex_unlock(&state);
	mutex_unlock(&asking);
	return result;
}

static ssize_t channel_read(struct file *file, char __user *to, size_t count, loff_t *offset)
{
	ssize_t result;

	for (;;) {
		mutex_lock(&state);
		if (progress == ASKED)
			break;
		mutex_unlock(&state);
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(request_there, READ_ONCE(progress) == ASKED))
			return -ERESTARTSYS;
	}
	if (count < request_bytes) {
		result = -EMSGSIZE;
	} else if (copy_to_user(to, request_record, request_bytes)) {
		result = -EFAULT;
	} else {
		progress = TAKEN;
		result = request_bytes;
	}
	mutex_unlock(&state);
	return result;
}

static int take_record(const u8 *record, size_t count)
{
	u32 of = get_unaligned_be32(record);
	size_t payload = get_unaligned_be16(record + TAG_BYTES + 2);

	if (count != TAG_BYTES + BOARD_REPLY_HEAD + payload)
		return -EINVAL;
	if (of == 0) {
		if (record[TAG_BYTES] != BOARD_LINES || payload != 1)
			return -EINVAL;
		gimbal_gpio_levels(record[TAG_BYTES + BOARD_REPLY_HEAD]);
		return 0;
	}
	mutex_lock(&state);
	if (progress == TAKEN && of == tag) {
		memcpy(answer_record, record, count);
		answer_bytes = count;
		progress = ANSWERED;
	}
	mutex_unlock(&state);
	wake_up(&answer_there);
	return 0;
}

static ssize_t channel_write(struct file *file, const char __user *from, size_t count, loff_t *offset)
{
	u8 *record;
	int result;

	if (count < TAG_BYTES + BOARD_REPLY_HEAD || count > RECORD_MAX)
		return -EINVAL;
	record = memdup_user(from, count);
	if (IS_ERR(record))
		return PTR_ERR(record);
	result = take_record(record, count);
	kfree(record);
	return result ?: count;
}

static __poll_t channel_poll(struct file *file, poll_table *table)
{
	poll_wait(file, &request_there, table);
	return EPOLLOUT | EPOLLWRNORM | (READ_ONCE(progress) == ASKED ? EPOLLIN | EPOLLRDNORM : 0);
}

static int channel_open(struct inode *inode, struct file *file)
{
	int result = 0;

	mutex_lock(&state);
	if (is_open)
		result = -EBUSY;
	is_open = true;
	mutex_unlock(&state);
	return result;
}

static int channel_release(struct inode *inode, struct file *file)
{
	mutex_lock(&state);
	is_open = false;
	mutex_unlock(&state);
	wake_up(&answer_there);
	return 0;
}

static const struct file_operations channel_operations = {
	.owner = THIS_MODULE,
	.open = channel_open,
	.release = channel_release,
	.read = channel_read,
	.write = channel_write,
	.poll = channel_poll,
};

static struct miscdevice channel = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "gimbal-sim",
	.fops = &channel_operations,
};

static int __init gimbal_sim_init(void)
{
	int result;

	board = platform_device_register_simple("gimbal-sim", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(board))
		return PTR_ERR(board);
	result = gimbal_gpio_start(board);
	if (result)
		goto no_gpio;
	result = gimbal_i2c_start(board);
	if (result)
		goto no_i2c;
	result = gimbal_spi_start(board);
	if (result)
		goto no_spi;
	result = misc_register(&channel);
	if (!result)
		return 0;
	gimbal_spi_stop();
no_spi:
	gimbal_i2c_stop();
no_i2c:
	gimbal_gpio_stop();
no_gpio:
	platform_device_unregister(board);
	return result;
}

static void __exit gimbal_sim_exit(void)
{
	misc_deregister(&channel);
	gimbal_spi_stop();
	gimbal_i2c_stop();
	gimbal_gpio_stop();
	platform_device_unregister(board);
}

module_init(gimbal_sim_init);
module_exit(gimbal_sim_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Simulated SPI, I2C and GPIO of a board, answered by a program; for tests only");
