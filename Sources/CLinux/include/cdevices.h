/* The devices of the board as Linux has them: spidev, i2c-dev, a GPIO chip, a watchdog, a random source.
 *
 * Where nothing else is said a function returns 0 or the error number. libgpiod allocates when a chip is opened and a
 * line is found or asked for, which is at the start only; nothing else in here allocates. */
#ifndef GIMBAL_CDEVICES_H
#define GIMBAL_CDEVICES_H
#include <stddef.h>
#include <stdint.h>

/* Opens a spidev in mode 0 with words of 8 bits. Mode, bits and speed are set and read back: EPROTO if the driver has
 * another mode, width or a higher speed than `hertz`; what it has is told. */
int gimbal_spi_open(const char *path, uint32_t hertz, int *descriptor, uint32_t *had);
/* One full-duplex transfer with chip select low throughout. */
int gimbal_spi_transfer(int descriptor, const void *command, void *reply, size_t bytes);

int gimbal_i2c_open(const char *path, int *descriptor);
/* Writes, then reads after a repeated start; one of the counts may be zero. What SMBus has a form for goes through
 * libi2c, the rest is a transfer of two messages. */
int gimbal_i2c_transfer(
    int descriptor, uint8_t address, const void *bytes, size_t count, void *reply, size_t replyCount);

/* The lines that a module has, as libgpiod finds them by name. */
enum {
  gimbal_line_laser_arm, gimbal_line_frame_trigger, gimbal_line_heartbeat,
  gimbal_line_fpga_done, gimbal_line_fpga_irq, gimbal_line_pps, gimbal_line_tamper,
  /* Wired in parallel to the I2C bus, to free a target that holds its data line. */
  gimbal_line_i2c_scl, gimbal_line_i2c_sda,
  gimbal_line_count
};
/* Opens the chip and asks for every line: outputs low, the clock line of the bus open drain and released, edge events
 * of the inputs that have an interrupt. ENOENT if a line that a module cannot do without is missing; `missing` tells
 * which. The two lines of the bus may be missing. Call once. */
int gimbal_gpio_open(const char *path, int *missing);
int gimbal_line_set(int line, int high);
/* The level now, 0 or 1. */
int gimbal_line_get(int line, int *high);
/* Edges since the last call, without waiting. */
int gimbal_line_edges(int line, uint32_t *rising, uint32_t *falling);
int gimbal_line_exists(int line);

/* Opens the watchdog of the board and sets its period in seconds, which then runs. */
int gimbal_watchdog_open(const char *path, uint32_t seconds, int *descriptor);
int gimbal_watchdog_feed(int descriptor);
/* Lets the watchdog rest, if it was opened: on an orderly end. */
void gimbal_watchdog_rest(void);

/* Opens a file or device for reading without waiting. */
int gimbal_source_open(const char *path, int *descriptor);

/* Makes FOLDER/NAME, zero-ended, or returns ENAMETOOLONG. */
int gimbal_path_in(const char *folder, const char *name, char *path, size_t capacity);
#endif
