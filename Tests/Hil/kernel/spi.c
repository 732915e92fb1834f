// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SPI controller, with the stock spidev on its only chip select. What is clocked while chip select is low is one
 * request to the board.
 */
#include <linux/module.h>
#include <linux/spi/spi.h>

#include "gimbal_sim.h"

static struct spi_controller *controller;
static u8 sent[BOARD_PAYLOAD_MAX], received[BOARD_PAYLOAD_MAX];

/* One period of chip select. A wire tells no failure: where nobody drives it, it reads as ones. */
static int exchange(struct spi_device *device, u16 bytes)
{
	struct gimbal_request request = {
		.operation = BOARD_SPI, .payload = sent, .payload_bytes = bytes,
		.reply = received, .reply_bytes = bytes,
	};
	int result;

	/* The gateware speaks mode 0, most significant bit first, and makes nothing of anything else. */
	if (device->mode & (SPI_CPOL | SPI_CPHA | SPI_LSB_FIRST | SPI_CS_HIGH))
		result = -ETIMEDOUT;
	else
		result = gimbal_ask(&request);
	if (result == -ETIMEDOUT) {
		memset(received, 0xff, bytes);
		result = 0;
	}
	return result;
}

static void gather(const struct spi_transfer *transfer, u32 offset)
{
	if (transfer->tx_buf)
		memcpy(sent + offset, transfer->tx_buf, transfer->len);
	else
		memset(sent + offset, 0, transfer->len);
}

static void scatter(struct spi_transfer *first, struct spi_transfer *last)
{
	u32 offset = 0;

	for (;; first = list_next_entry(first, transfer_list)) {
		if (first->rx_buf)
			memcpy(first->rx_buf, received + offset, first->len);
		offset += first->len;
		if (first == last)
			return;
	}
}

static int transfer_one_message(struct spi_controller *of, struct spi_message *message)
{
	struct spi_transfer *transfer, *first = NULL;
	int result = 0;
	u32 bytes = 0;

	list_for_each_entry(transfer, &message->transfers, transfer_list) {
		if (!first) {
			first = transfer;
			bytes = 0;
		}
		if (transfer->len > BOARD_PAYLOAD_MAX - bytes) {
			result = -EMSGSIZE;
			break;
		}
		gather(transfer, bytes);
		bytes += transfer->len;
		if (!transfer->cs_change && !list_is_last(&transfer->transfer_list, &message->transfers))
			continue;
		result = bytes ? exchange(message->spi, bytes) : 0;
		if (result)
			break;
		scatter(first, transfer);
		message->actual_length += bytes;
		first = NULL;
	}
	message->status = result;
	spi_finalize_current_message(of);
	return 0;
}

int gimbal_spi_start(struct platform_device *device)
{
	/* spidev takes no device tree node here, so it is found by a name of its table. */
	struct spi_board_info peripheral = { .modalias = "dh2228fv", .max_speed_hz = 25000000, .mode = SPI_MODE_0 };
	int result;

	controller = spi_alloc_master(&device->dev, 0);
	if (!controller)
		return -ENOMEM;
	controller->bus_num = 0;
	controller->num_chipselect = 1;
	controller->mode_bits = SPI_CPOL | SPI_CPHA | SPI_LSB_FIRST | SPI_CS_HIGH;
	controller->bits_per_word_mask = SPI_BPW_MASK(8);
	controller->min_speed_hz = 100000;
	controller->max_speed_hz = 50000000;
	controller->transfer_one_message = transfer_one_message;
	result = spi_register_controller(controller);
	if (result) {
		spi_controller_put(controller);
		return result;
	}
	if (!spi_new_device(controller, &peripheral)) {
		spi_unregister_controller(controller);
		return -ENODEV;
	}
	return 0;
}

void gimbal_spi_stop(void)
{
	spi_unregister_controller(controller);
}
