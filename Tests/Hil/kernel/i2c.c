// SPDX-License-Identifier: GPL-2.0-only
/*
 * The I2C controller. A write with the read that follows it to the same address is one request to the board.
 *
 * The bus can be stuck: a target that lost count of the clock holds the data line low. Transfers time out then, until
 * nine pulses on the clock line have moved the target on (UM10204, NXP, section 3.1.16 "Bus clear").
 */
#include <linux/i2c.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "gimbal_sim.h"

static bool stuck;
module_param(stuck, bool, 0644);
MODULE_PARM_DESC(stuck, "a target holds the data line low until it sees nine pulses of the clock");

static unsigned int clearing_pulses = 9;
module_param(clearing_pulses, uint, 0644);
MODULE_PARM_DESC(clearing_pulses, "pulses of the clock until the target lets go; 0 is never");

static unsigned int timeouts;
module_param(timeouts, uint, 0444);
MODULE_PARM_DESC(timeouts, "transfers that found the bus stuck");

static unsigned int clears;
module_param(clears, uint, 0444);
MODULE_PARM_DESC(clears, "how often nine pulses of the clock have freed the bus");

static DEFINE_MUTEX(wires);
static bool clock_is_high = true;
static unsigned int pulses;
static struct i2c_adapter adapter;

void gimbal_i2c_set_clock(bool high)
{
	mutex_lock(&wires);
	if (high && !clock_is_high && stuck && ++pulses == clearing_pulses) {
		stuck = false;
		clears++;
	}
	if (!stuck)
		pulses = 0;
	clock_is_high = high;
	mutex_unlock(&wires);
}

bool gimbal_i2c_clock(void)
{
	return READ_ONCE(clock_is_high);
}

bool gimbal_i2c_data(void)
{
	return !READ_ONCE(stuck);
}

static bool bus_is_free(void)
{
	bool is_free;

	mutex_lock(&wires);
	is_free = clock_is_high && !stuck;
	if (!is_free)
		timeouts++;
	mutex_unlock(&wires);
	return is_free;
}

/* Whether the second message goes on where the first ends, behind a repeated start. */
static bool goes_on(const struct i2c_msg *first, const struct i2c_msg *second)
{
	return !(first->flags & I2C_M_RD) && (second->flags & I2C_M_RD) && first->addr == second->addr;
}

static int transfer(struct i2c_adapter *of, struct i2c_msg *messages, int count)
{
	int i, result;

	if (!bus_is_free())
		return -ETIMEDOUT;
	for (i = 0; i < count; i++) {
		struct i2c_msg *message = &messages[i];
		struct gimbal_request request = { .operation = BOARD_I2C, .argument = message->addr };

		if (message->flags & (I2C_M_TEN | I2C_M_RECV_LEN))
			return -EOPNOTSUPP;
		if (!(message->flags & I2C_M_RD)) {
			request.payload = message->buf;
			request.payload_bytes = message->len;
			if (i + 1 < count && goes_on(message, &messages[i + 1]))
				message = &messages[++i];
		}
		if (message->flags & I2C_M_RD) {
			request.reply = message->buf;
			request.reply_bytes = message->len;
		}
		result = gimbal_ask(&request);
		if (result)
			return result;
	}
	return count;
}

/* The parts have no use for quick commands and block reads of a length that the target tells. */
static u32 functionality(struct i2c_adapter *of)
{
	return I2C_FUNC_I2C | (I2C_FUNC_SMBUS_EMUL & ~I2C_FUNC_SMBUS_QUICK);
}

static const struct i2c_algorithm algorithm = { .master_xfer = transfer, .functionality = functionality };
static const struct i2c_adapter_quirks quirks = { .flags = I2C_AQ_NO_ZERO_LEN };

int gimbal_i2c_start(struct platform_device *device)
{
	adapter = (struct i2c_adapter) {
		.owner = THIS_MODULE, .algo = &algorithm, .quirks = &quirks, .dev.parent = &device->dev,
		.name = "gimbal-sim",
	};
	return i2c_add_adapter(&adapter);
}

void gimbal_i2c_stop(void)
{
	i2c_del_adapter(&adapter);
}
