/* Debian's libgpiod and libi2c, which were built for glibc, linked with musl and with what the static image has of its
 * own: run in the emulator, where there are no such devices, they say so; and where a file system cannot reserve room,
 * a file of records still gets its size. Prints what differs from what is expected. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <i2c/smbus.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clinux.h"

static int faults;

static void expect(int isSo, const char *what) {
  if (isSo) return;
  dprintf(1, "library: start: not so: %s (errno %d)\n", what, errno);
  faults++;
}

const unsigned short **__ctype_b_loc(void);

/* The compiler of libgpiod saw glibc's header, which tells digits by a bit of a table of the library. */
static void digits(void) {
  const unsigned short **table = __ctype_b_loc();
  enum { digit = 0x800 };
  int same = 1;
  for (int c = -128; c < 256; c++) same &= !!((*table)[c] & digit) == (c >= '0' && c <= '9');
  expect(same, "the table of characters has glibc's bit for digits");
}

static void lines(void) {
  expect(!gpiod_chip_open("/dev/gpiochip0") && errno == ENOENT, "no chip is ENOENT");
  expect(!gpiod_chip_open("/dev/null") && errno == ENOTTY, "a device that is no chip is ENOTTY");
  expect(!gpiod_chip_open("/proc/self/exe") && errno == ENOTTY, "a link to a file is ENOTTY");
  expect(!gpiod_chip_open_lookup("0") && errno == ENOENT, "no chip of this number is ENOENT");
  expect(!gpiod_chip_open_by_name("gpiochip0") && errno == ENOENT, "no chip of this name is ENOENT");
  expect(!gpiod_line_find("LASER_ARM") && errno == ENOENT, "no line of this name is ENOENT");
  struct gpiod_line_bulk bulk = GPIOD_LINE_BULK_INITIALIZER;
  struct gpiod_line_event events[16];
  expect(gpiod_line_event_read_fd_multiple(-1, events, 16) < 0 && errno == EBADF, "no descriptor is EBADF");
  expect(gpiod_line_bulk_num_lines(&bulk) == 0, "an empty bulk is empty");
}

static void bus(void) {
  unsigned char block[32] = {0};
  expect(i2c_smbus_read_word_data(-1, 0) < 0, "no bus to read a word from");
  expect(i2c_smbus_write_byte_data(-1, 0, 1) < 0, "no bus to write a byte to");
  expect(i2c_smbus_read_i2c_block_data(-1, 0, 32, block) < 0, "no bus to read a block from");
  expect(i2c_smbus_write_i2c_block_data(-1, 0, 8, block) < 0, "no bus to write a block to");
}

/* In the place of the C library's: a file system that cannot, as FAT. */
int posix_fallocate(int file, off_t offset, off_t bytes) {
  (void)file;
  (void)offset;
  (void)bytes;
  return EOPNOTSUPP;
}

static void records(const char *path) {
  struct stat facts;
  int file = -1;
  expect(gimbal_open_records(path, 12345, &file) == 0, "records open where no room can be reserved");
  expect(fstat(file, &facts) == 0 && facts.st_size == 12345, "and have their size");
  expect(gimbal_write_at(file, 12344, "x", 1) == 0, "and can be written");
  gimbal_close(file);
  expect(gimbal_open_records(path, 12345, &file) == 0, "records open again");
  char last = 0;
  expect(gimbal_read_at(file, 12344, &last, 1) == 0 && last == 'x', "and keep what was written");
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  digits();
  lines();
  bus();
  records(arguments[1]);
  expect(gimbal_allocated_bytes() == 0, "everything was given back");
  expect(gimbal_argument_count() == 2 && gimbal_argument(1) == arguments[1], "the arguments are found");
  gimbal_seal_allocator();
  return faults != 0;
}
