#define _GNU_SOURCE
#include "cdevices.h"
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <i2c/smbus.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <linux/spi/spidev.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char consumer[] = "gimbal";

/* MARK: SPI */

static uint32_t spiHertz;

int gimbal_spi_open(const char *path, uint32_t hertz, int *descriptor, uint32_t *had) {
  const uint8_t mode = SPI_MODE_0, bits = 8;
  uint8_t modeHad = 0, bitsHad = 0;
  *had = 0;
  int opened = open(path, O_RDWR | O_CLOEXEC);
  if (opened < 0) return errno;
  int error = 0;
  if (ioctl(opened, SPI_IOC_WR_MODE, &mode) != 0 || ioctl(opened, SPI_IOC_WR_BITS_PER_WORD, &bits) != 0 ||
      ioctl(opened, SPI_IOC_WR_MAX_SPEED_HZ, &hertz) != 0 || ioctl(opened, SPI_IOC_RD_MODE, &modeHad) != 0 ||
      ioctl(opened, SPI_IOC_RD_BITS_PER_WORD, &bitsHad) != 0 || ioctl(opened, SPI_IOC_RD_MAX_SPEED_HZ, had) != 0)
    error = errno;
  /* Drivers tell 8 bits as 0 too. */
  else if (modeHad != mode || (bitsHad != bits && bitsHad != 0) || *had > hertz)
    error = EPROTO;
  if (error != 0) {
    close(opened);
    return error;
  }
  spiHertz = *had;
  *descriptor = opened;
  return 0;
}

int gimbal_spi_transfer(int descriptor, const void *command, void *reply, size_t bytes) {
  struct spi_ioc_transfer transfer = {
      .tx_buf = (uintptr_t)command, .rx_buf = (uintptr_t)reply, .len = (uint32_t)bytes, .speed_hz = spiHertz};
  int moved = ioctl(descriptor, SPI_IOC_MESSAGE(1), &transfer);
  if (moved < 0) return errno;
  return (size_t)moved == bytes ? 0 : EIO;
}

/* MARK: I2C */

int gimbal_i2c_open(const char *path, int *descriptor) {
  int opened = open(path, O_RDWR | O_CLOEXEC);
  if (opened < 0) return errno;
  /* In tens of milliseconds. The usual second would keep the control thread, and the heartbeat, waiting; the longest
   * transfer takes one. A driver that has a time of its own keeps it. */
  (void)ioctl(opened, I2C_TIMEOUT, 2ul);
  (void)ioctl(opened, I2C_RETRIES, 0ul);
  *descriptor = opened;
  return 0;
}

static int in_two_messages(
    int descriptor, uint8_t address, const void *bytes, size_t count, void *reply, size_t replyCount) {
  struct i2c_msg messages[2];
  uint32_t used = 0;
  if (count > 0)
    messages[used++] = (struct i2c_msg){.addr = address, .len = (uint16_t)count, .buf = (void *)(uintptr_t)bytes};
  if (replyCount > 0)
    messages[used++] = (struct i2c_msg){.addr = address, .flags = I2C_M_RD, .len = (uint16_t)replyCount, .buf = reply};
  struct i2c_rdwr_ioctl_data data = {.msgs = messages, .nmsgs = used};
  int done = ioctl(descriptor, I2C_RDWR, &data);
  if (done < 0) return errno;
  return (uint32_t)done == used ? 0 : EIO;
}

int gimbal_i2c_transfer(
    int descriptor, uint8_t address, const void *bytes, size_t count, void *reply, size_t replyCount) {
  const uint8_t *out = bytes;
  if (count == 0 || count > I2C_SMBUS_BLOCK_MAX + 1 || replyCount > I2C_SMBUS_BLOCK_MAX ||
      (replyCount > 0 && count > 1))
    return in_two_messages(descriptor, address, bytes, count, reply, replyCount);
  if (ioctl(descriptor, I2C_SLAVE, (unsigned long)address) != 0) return errno;
  if (replyCount > 0) {
    int read = i2c_smbus_read_i2c_block_data(descriptor, out[0], (uint8_t)replyCount, reply);
    if (read < 0) return -read;
    return (size_t)read == replyCount ? 0 : EIO;
  }
  int status = count == 1 ? i2c_smbus_write_byte(descriptor, out[0])
                          : i2c_smbus_write_i2c_block_data(descriptor, out[0], (uint8_t)(count - 1), out + 1);
  return status < 0 ? -status : 0;
}

/* MARK: Lines */

static const char *const lineNames[gimbal_line_count] = {
    "LASER_ARM", "FRAME_TRIGGER", "HEARTBEAT", "FPGA_DONE", "FPGA_IRQ", "PPS", "TAMPER", "I2C_SCL", "I2C_SDA"};
static struct gpiod_line *lines[gimbal_line_count];
static int eventDescriptors[gimbal_line_count];

static int request(int line) {
  int status = 0;
  switch (line) {
    case gimbal_line_laser_arm:
    case gimbal_line_frame_trigger:
    case gimbal_line_heartbeat: status = gpiod_line_request_output(lines[line], consumer, 0); break;
    case gimbal_line_i2c_scl:
      status = gpiod_line_request_output_flags(lines[line], consumer, GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN, 1);
      break;
    case gimbal_line_fpga_irq:
    case gimbal_line_pps:
    case gimbal_line_tamper:
      status = gpiod_line_request_both_edges_events(lines[line], consumer);
      if (status == 0) {
        int events = gpiod_line_event_get_fd(lines[line]);
        if (events < 0 || fcntl(events, F_SETFL, O_NONBLOCK) != 0) return errno;
        eventDescriptors[line] = events;
      }
      break;
    default: status = gpiod_line_request_input(lines[line], consumer); break;
  }
  return status == 0 ? 0 : errno;
}

int gimbal_gpio_open(const char *path, int *missing) {
  *missing = -1;
  struct gpiod_chip *chip = gpiod_chip_open(path);
  if (!chip) return errno;
  for (int line = 0; line < gimbal_line_count; line++) {
    eventDescriptors[line] = -1;
    lines[line] = gpiod_chip_find_line(chip, lineNames[line]);
    if (!lines[line]) {
      if (line == gimbal_line_i2c_scl || line == gimbal_line_i2c_sda) continue;
      *missing = line;
      return ENOENT;
    }
    int error = request(line);
    if (error != 0) {
      *missing = line;
      return error;
    }
  }
  return 0;
}

int gimbal_line_exists(int line) { return line >= 0 && line < gimbal_line_count && lines[line]; }

int gimbal_line_set(int line, int high) {
  if (!gimbal_line_exists(line)) return ENODEV;
  return gpiod_line_set_value(lines[line], high) == 0 ? 0 : errno;
}

int gimbal_line_get(int line, int *high) {
  if (!gimbal_line_exists(line)) return ENODEV;
  int value = gpiod_line_get_value(lines[line]);
  if (value < 0) return errno;
  *high = value;
  return 0;
}

int gimbal_line_edges(int line, uint32_t *rising, uint32_t *falling) {
  *rising = *falling = 0;
  if (!gimbal_line_exists(line) || eventDescriptors[line] < 0) return ENODEV;
  struct gpiod_line_event events[16];
  for (;;) {
    int count = gpiod_line_event_read_fd_multiple(eventDescriptors[line], events, 16);
    if (count < 0) return errno == EAGAIN ? 0 : errno;
    for (int i = 0; i < count; i++) {
      if (events[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE) *rising += 1;
      else *falling += 1;
    }
    if (count < 16) return 0;
  }
}

/* MARK: The rest */

static int watchdog = -1;

int gimbal_watchdog_open(const char *path, uint32_t seconds, int *descriptor) {
  int opened = open(path, O_WRONLY | O_CLOEXEC);
  if (opened < 0) return errno;
  int period = (int)seconds;
  if (ioctl(opened, WDIOC_SETTIMEOUT, &period) != 0) {
    int error = errno;
    watchdog = opened;
    gimbal_watchdog_rest();
    return error;
  }
  watchdog = *descriptor = opened;
  return 0;
}

int gimbal_watchdog_feed(int descriptor) { return ioctl(descriptor, WDIOC_KEEPALIVE, 0) == 0 ? 0 : errno; }

void gimbal_watchdog_rest(void) {
  if (watchdog < 0) return;
  if (write(watchdog, "V", 1) == 1) close(watchdog);
  watchdog = -1;
}

int gimbal_source_open(const char *path, int *descriptor) {
  int opened = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (opened < 0) return errno;
  *descriptor = opened;
  return 0;
}

int gimbal_path_in(const char *folder, const char *name, char *path, size_t capacity) {
  size_t first = strlen(folder), second = strlen(name);
  if (first + 1 + second + 1 > capacity) return ENAMETOOLONG;
  memcpy(path, folder, first);
  path[first] = '/';
  memcpy(path + first + 1, name, second + 1);
  return 0;
}
