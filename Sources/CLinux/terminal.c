#define _GNU_SOURCE
#include "clinux.h"
#include "restart.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* A number below 2^20 at `text`, which is moved behind its digits. */
static int take_descriptor(const char **text) {
  int value = 0;
  while (**text >= '0' && **text <= '9' && value < 1 << 16) value = 10 * value + (*(*text)++ - '0');
  return value;
}

/* The two descriptors that were handed on; 0 if there are none, or they are no pseudo terminal any more. */
static int inherited(int *descriptor, int *operatorEnd, char *name, size_t capacity) {
  for (char **entry = environ; *entry; entry++) {
    if (strncmp(*entry, GIMBAL_CONSOLE, strlen(GIMBAL_CONSOLE)) != 0) continue;
    const char *text = *entry + strlen(GIMBAL_CONSOLE);
    int first = take_descriptor(&text);
    if (*text++ != ',') return 0;
    int second = take_descriptor(&text);
    if (*text != 0 || first < 3 || second < 3) return 0;
    if (ptsname_r(first, name, capacity) != 0 || !isatty(second)) return 0;
    if (fcntl(first, F_SETFD, FD_CLOEXEC) != 0 || fcntl(second, F_SETFD, FD_CLOEXEC) != 0) return 0;
    *descriptor = first;
    *operatorEnd = second;
    return 1;
  }
  return 0;
}

int gimbal_open_pty(int *descriptor, int *operatorEnd, char *name, size_t capacity) {
  if (inherited(descriptor, operatorEnd, name, capacity)) return 0;
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

size_t gimbal_write_some(int descriptor, const void *start, size_t bytes) {
  const char *next = start;
  size_t left = bytes;
  while (left > 0) {
    ssize_t written = write(descriptor, next, left);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno != EAGAIN) return bytes;
    if (written <= 0) break;
    next += written;
    left -= (size_t)written;
  }
  return bytes - left;
}

int gimbal_nonblocking_output(int descriptor) {
  struct stat about;
  if (fstat(descriptor, &about) != 0 || !(S_ISCHR(about.st_mode) || S_ISFIFO(about.st_mode))) return descriptor;
  /* Opened anew, because O_NONBLOCK on the inherited description would hold for every program that shares it. */
  char name[32] = "/proc/self/fd/";
  char digits[12];
  size_t end = 14, count = 0;
  unsigned number = (unsigned)descriptor;
  do digits[count++] = (char)('0' + number % 10);
  while (number /= 10);
  while (count > 0) name[end++] = digits[--count];
  int other = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  return other < 0 ? descriptor : other;
}

static speed_t speed(uint32_t baud) {
  switch (baud) {
    case 9600: return B9600;
    case 19200: return B19200;
    case 38400: return B38400;
    case 57600: return B57600;
    case 115200: return B115200;
    case 230400: return B230400;
    case 460800: return B460800;
    case 921600: return B921600;
    default: return B0;
  }
}

int gimbal_open_serial(const char *path, uint32_t baud, int *descriptor) {
  if (speed(baud) == B0) return EINVAL;
  int device = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) return errno;
  struct termios settings;
  int isSet = tcgetattr(device, &settings) == 0;
  if (isSet) {
    cfmakeraw(&settings);
    settings.c_cflag = (settings.c_cflag & ~(tcflag_t)(CSTOPB | PARENB | CRTSCTS | CSIZE)) | CS8 | CLOCAL | CREAD;
    isSet = cfsetspeed(&settings, speed(baud)) == 0 && tcsetattr(device, TCSANOW, &settings) == 0;
  }
  if (!isSet) {
    int error = errno;
    close(device);
    return error;
  }
  *descriptor = device;
  return 0;
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
