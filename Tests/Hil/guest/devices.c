/* Tries every device of the guest against the board behind it, one line `ok NAME` or `failed NAME: WHY` for each.
 *
 * Lines are tried with the host: after `heartbeat high` it looks at the board and lets TAMPER rise, after `heartbeat
 * low` it lets it fall, after `lost` rise once more. */
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <i2c/smbus.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <linux/spi/spidev.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PARAMETERS "/sys/module/gimbal_sim/parameters/"

enum {
	READ = 1, BURST_READ = 3, DONE = 0xa5, IDENT = 0x00, IDENT_WORD = 0x47494d42, SPEED = 25000000,
	TMP117 = 0x48, DEVICE_ID = 0x0f, TMP117_ID = 0x0117, NOBODY = 0x11, PULSES = 9, WAIT_SECONDS = 60,
	/* The port of Bob's event FIFO. */
	EVENTS = 0x98, TRANSFER_MAX = 4096, BURST_BYTES = 20,
};

static int spi, i2c, failures;
static struct gpiod_chip *chip;

static void report(const char *name, const char *why)
{
	if (why)
		printf("failed %s: %s\n", name, why);
	else
		printf("ok %s\n", name);
	failures += why != NULL;
	fflush(stdout);
}

static void tell(const char *line)
{
	puts(line);
	fflush(stdout);
}

static int set_parameter(const char *path, const char *value)
{
	int file = open(path, O_WRONLY);
	int done = file >= 0 && write(file, value, strlen(value)) > 0;

	if (file >= 0)
		close(file);
	return done;
}

/* SPI */

static uint16_t crc16(const uint8_t *bytes, int count)
{
	uint16_t crc = 0xffff;

	for (int i = 0; i < count; i++) {
		crc ^= bytes[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
	}
	return crc;
}

static int exchange(uint8_t opcode, uint8_t address, uint32_t word, uint8_t *reply, int count)
{
	static uint8_t command[TRANSFER_MAX];
	struct spi_ioc_transfer transfer = {
		.tx_buf = (uintptr_t)command, .rx_buf = (uintptr_t)reply, .len = count, .speed_hz = SPEED,
		.bits_per_word = 8,
	};

	memset(command, 0, sizeof command);
	command[0] = opcode;
	command[1] = address;
	for (int i = 0; i < 4; i++)
		command[2 + i] = word >> (24 - 8 * i);
	uint16_t crc = crc16(command, 6);
	command[6] = crc >> 8;
	command[7] = crc;
	return ioctl(spi, SPI_IOC_MESSAGE(1), &transfer) == count;
}

static const char *try_identity(void)
{
	uint8_t reply[16];

	if (!exchange(READ, IDENT, 0, reply, sizeof reply))
		return strerror(errno);
	if (crc16(reply + 8, 6) != (reply[14] << 8 | reply[15]))
		return "checksum";
	if (reply[8] != DONE || reply[9] != IDENT)
		return "refused";
	uint32_t word = (uint32_t)reply[10] << 24 | reply[11] << 16 | reply[12] << 8 | reply[13];
	return word == IDENT_WORD ? NULL : "another identity";
}

static const char *try_longest(void)
{
	static uint8_t reply[TRANSFER_MAX];

	if (!exchange(BURST_READ, EVENTS, (TRANSFER_MAX - BURST_BYTES) / 4, reply, sizeof reply))
		return strerror(errno);
	return reply[8] == DONE && reply[9] == EVENTS ? NULL : "refused";
}

static const char *try_speed(void)
{
	uint32_t speed = SPEED, seen = 0;
	uint8_t mode = SPI_MODE_0, bits = 8;

	if (ioctl(spi, SPI_IOC_WR_MODE, &mode) < 0 || ioctl(spi, SPI_IOC_WR_BITS_PER_WORD, &bits) < 0)
		return strerror(errno);
	if (ioctl(spi, SPI_IOC_WR_MAX_SPEED_HZ, &speed) < 0 || ioctl(spi, SPI_IOC_RD_MAX_SPEED_HZ, &seen) < 0)
		return strerror(errno);
	return seen == speed ? NULL : "speed reads back differently";
}

static const char *try_wrong_mode(void)
{
	uint8_t reply[16], mode = SPI_MODE_3;

	if (ioctl(spi, SPI_IOC_WR_MODE, &mode) < 0 || !exchange(READ, IDENT, 0, reply, sizeof reply))
		return strerror(errno);
	for (unsigned i = 0; i < sizeof reply; i++)
		if (reply[i] != 0xff)
			return "the gateware answers in mode 3";
	return try_speed();
}

/* I2C */

static int read_word(uint8_t address, uint8_t pointer, uint16_t *word)
{
	uint8_t bytes[2];
	struct i2c_msg messages[] = {
		{ .addr = address, .len = 1, .buf = &pointer },
		{ .addr = address, .flags = I2C_M_RD, .len = 2, .buf = bytes },
	};
	struct i2c_rdwr_ioctl_data transfer = { .msgs = messages, .nmsgs = 2 };

	if (ioctl(i2c, I2C_RDWR, &transfer) != 2)
		return 0;
	*word = bytes[0] << 8 | bytes[1];
	return 1;
}

static const char *try_sensor(void)
{
	uint16_t word;

	if (!read_word(TMP117, DEVICE_ID, &word))
		return strerror(errno);
	return (word & 0x0fff) == TMP117_ID ? NULL : "another part";
}

static const char *try_smbus(void)
{
	unsigned long functions = 0;

	if (ioctl(i2c, I2C_FUNCS, &functions) < 0 || ioctl(i2c, I2C_SLAVE, TMP117) < 0)
		return strerror(errno);
	if (!(functions & I2C_FUNC_I2C) || !(functions & I2C_FUNC_SMBUS_WORD_DATA))
		return "functionality";
	int32_t word = i2c_smbus_read_word_data(i2c, DEVICE_ID);
	if (word < 0)
		return strerror(-word);
	return ((word & 0x0f) << 8 | word >> 8) == TMP117_ID ? NULL : "another part";
}

static const char *try_absent(void)
{
	uint16_t word;

	if (read_word(NOBODY, 0, &word))
		return "somebody answers";
	return errno == ENXIO ? NULL : strerror(errno);
}

/* Lines */

static struct gpiod_line *line(const char *name)
{
	return gpiod_chip_find_line(chip, name);
}

static const char *try_stuck_bus(void)
{
	struct gpiod_line *clock = line("I2C_SCL"), *data = line("I2C_SDA");
	uint16_t word;

	if (!clock || !data)
		return "no lines";
	if (gpiod_line_request_output_flags(clock, "test", GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN, 1) < 0)
		return strerror(errno);
	if (gpiod_line_request_input(data, "test") < 0 || !set_parameter(PARAMETERS "stuck", "1"))
		return strerror(errno);
	if (read_word(TMP117, DEVICE_ID, &word) || errno != ETIMEDOUT)
		return "no time-out";
	for (int i = 0; i < PULSES; i++) {
		if (gpiod_line_get_value(data) != 0)
			return "the data line is free too early";
		if (gpiod_line_set_value(clock, 0) < 0 || gpiod_line_set_value(clock, 1) < 0)
			return strerror(errno);
	}
	const char *why = gpiod_line_get_value(data) == 1 ? try_sensor() : "nine pulses do not free the bus";
	gpiod_line_release(clock);
	gpiod_line_release(data);
	return why;
}

static const char *expect_edge(struct gpiod_line *input, int type)
{
	struct gpiod_line_event event;
	struct timespec limit = { .tv_sec = WAIT_SECONDS };

	if (gpiod_line_event_wait(input, &limit) != 1)
		return "no edge";
	if (gpiod_line_event_read(input, &event) < 0)
		return strerror(errno);
	if (event.event_type != type)
		return "the other edge";
	return gpiod_line_get_value(input) == (type == GPIOD_LINE_EVENT_RISING_EDGE) ? NULL : "the level differs";
}

static const char *try_lines(void)
{
	struct gpiod_line *heartbeat = line("HEARTBEAT"), *tamper = line("TAMPER");
	const char *why;

	if (!heartbeat || !tamper)
		return "no lines";
	if (gpiod_line_request_both_edges_events(tamper, "test") < 0)
		return strerror(errno);
	if (gpiod_line_request_output(heartbeat, "test", 1) < 0)
		return strerror(errno);
	tell("heartbeat high");
	why = expect_edge(tamper, GPIOD_LINE_EVENT_RISING_EDGE);
	if (why)
		return why;
	if (gpiod_line_set_value(heartbeat, 0) < 0)
		return strerror(errno);
	tell("heartbeat low");
	why = expect_edge(tamper, GPIOD_LINE_EVENT_FALLING_EDGE);
	gpiod_line_release(heartbeat);
	gpiod_line_release(tamper);
	return why;
}

/* The level is there, the interrupt is not: what comes first is the edge behind it. */
static const char *try_lost_edge(void)
{
	struct gpiod_line *tamper = line("TAMPER");
	const struct timespec pause = { .tv_nsec = 50000000 };
	int waits = WAIT_SECONDS * 20;

	if (gpiod_line_request_both_edges_events(tamper, "test") < 0 || !set_parameter(PARAMETERS "edges_lost", "8"))
		return strerror(errno);
	tell("lost");
	while (gpiod_line_get_value(tamper) == 0 && --waits > 0)
		nanosleep(&pause, NULL);
	if (waits == 0)
		return "no level";
	if (!set_parameter(PARAMETERS "edges_lost", "0"))
		return strerror(errno);
	tell("found");
	const char *why = expect_edge(tamper, GPIOD_LINE_EVENT_FALLING_EDGE);
	gpiod_line_release(tamper);
	return why;
}

static const char *try_inputs(void)
{
	struct gpiod_line *done = line("FPGA_DONE");

	if (!done || gpiod_line_request_input(done, "test") < 0)
		return "no line";
	int level = gpiod_line_get_value(done);
	gpiod_line_release(done);
	if (level != 1)
		return "the gateware is not there";
	return gpiod_line_request_output(done, "test", 0) < 0 ? NULL : "an input can be driven";
}

int main(void)
{
	spi = open("/dev/gimbal/spi", O_RDWR);
	i2c = open("/dev/gimbal/i2c", O_RDWR);
	chip = gpiod_chip_open("/dev/gimbal/gpio");
	if (spi < 0 || i2c < 0 || !chip) {
		report("open", strerror(errno));
		return 1;
	}
	report("spi-speed", try_speed());
	report("spi-identity", try_identity());
	report("spi-longest", try_longest());
	report("spi-wrong-mode", try_wrong_mode());
	report("i2c-sensor", try_sensor());
	report("i2c-smbus", try_smbus());
	report("i2c-absent", try_absent());
	report("i2c-stuck", try_stuck_bus());
	report("gpio-inputs", try_inputs());
	report("gpio-edges", try_lines());
	report("gpio-lost-edge", try_lost_edge());
	return failures != 0;
}
