#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

int gimbal_open_pty(int *descriptor, int *operatorEnd, char *name, size_t capacity) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (master < 0) return errno;
  int error = 0, other = -1;
  if (grantpt(master) != 0 || unlockpt(master) != 0) error = errno;
  if (!error) error = ptsname_r(master, name, capacity);
  if (!error && (other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) error = errno;
  struct termios settings;
  if (!error && tcgetattr(other, &settings) != 0) error = errno;
  if (!error) {
    cfmakeraw(&settings);
    if (tcsetattr(other, TCSANOW, &settings) != 0) error = errno;
  }
  if (error) {
    if (other >= 0) close(other);
    close(master);
    return error;
  }
  *descriptor = master;
  *operatorEnd = other;
  return 0;
}

void gimbal_write_some(int descriptor, const void *start, size_t bytes) {
  const char *next = start;
  while (bytes > 0) {
    ssize_t written = write(descriptor, next, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    next += written;
    bytes -= (size_t)written;
  }
}

static struct termios saved;
static int isSaved;

void gimbal_terminal_raw(int descriptor) {
  if (isSaved || tcgetattr(descriptor, &saved) != 0) return;
  struct termios settings = saved;
  settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  isSaved = tcsetattr(descriptor, TCSANOW, &settings) == 0;
}

void gimbal_terminal_restore(int descriptor) {
  if (isSaved) tcsetattr(descriptor, TCSANOW, &saved);
  isSaved = 0;
}
