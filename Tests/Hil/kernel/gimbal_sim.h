/* SPDX-License-Identifier: GPL-2.0-only */
/* The buses and lines of a module's board, simulated: what the parts of the kernel module share. */
#ifndef GIMBAL_SIM_H
#define GIMBAL_SIM_H

#include <linux/platform_device.h>
#include <linux/types.h>

/* Operations, outcomes and sizes of the board protocol, as Documentation/Protocol/Board.md has them. */
#define BOARD_SPI 3
#define BOARD_I2C 4
#define BOARD_SET_LINE 5

#define BOARD_DONE 0
#define BOARD_NOT_ACKNOWLEDGED 1
#define BOARD_TIMED_OUT 2
#define BOARD_LINES 4

#define BOARD_REQUEST_HEAD 8
#define BOARD_REPLY_HEAD 12
#define BOARD_PAYLOAD_MAX 4096

/* One request to the board; it is answered before gimbal_ask() returns. */
struct gimbal_request {
	u8 operation;
	u8 argument;
	const u8 *payload;
	u16 payload_bytes;
	u8 *reply;
	u16 reply_bytes;
};

/* channel.c: 0, -ENXIO, -ETIMEDOUT, -EIO if the board refuses, -ENODEV while nobody answers for it. May sleep. */
int gimbal_ask(const struct gimbal_request *request);
/* Whether there is no board, which the module parameter `alone` tells. */
bool gimbal_is_alone(void);

/* spi.c */
int gimbal_spi_start(struct platform_device *device);
void gimbal_spi_stop(void);

/* i2c.c */
int gimbal_i2c_start(struct platform_device *device);
void gimbal_i2c_stop(void);
/* The clock line of the I2C bus is driven low or released by hand. */
void gimbal_i2c_set_clock(bool high);
bool gimbal_i2c_clock(void);
/* The level of the data line while no transfer runs. */
bool gimbal_i2c_data(void);

/* gpio.c */
int gimbal_gpio_start(struct platform_device *device);
void gimbal_gpio_stop(void);
/* The board's input lines have these levels now, one bit each. May sleep. */
void gimbal_gpio_levels(u8 levels);

#endif
