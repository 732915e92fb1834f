#define _GNU_SOURCE
#include "ccontrol.h"
#include "clinux.h"
#include "files.h"
#include "restart.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int argumentCount;
static char **arguments;

static char programPath[4096];

/* Linux puts the arguments right below the environment: their count, the arguments, a null, the environment (System V
 * ABI, initial process stack). Nothing has moved the environment when constructors run, and no argument has an address
 * as low as their count. Not every C library hands them to constructors. */
__attribute__((constructor)) static void keepArguments(void) {
  char **below = environ - 1;
  int count = 0;
  while ((uintptr_t)below[-1] != (uintptr_t)count) {
    below--;
    count++;
  }
  argumentCount = count;
  arguments = below;
  ssize_t bytes = readlink("/proc/self/exe", programPath, sizeof programPath - 1);
  programPath[bytes > 0 ? bytes : 0] = 0;
}

const char *gimbal_own_path(void) { return programPath; }

int gimbal_argument_count(void) { return argumentCount; }

const char *gimbal_argument(int index) { return index >= 0 && index < argumentCount ? arguments[index] : 0; }

int gimbal_write(int descriptor, const void *start, size_t bytes) {
  const char *next = start;
  while (bytes > 0) {
    ssize_t written = write(descriptor, next, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    next += written;
    bytes -= (size_t)written;
  }
  return 0;
}

int gimbal_read(int descriptor, void *start, size_t bytes) {
  char *next = start;
  while (bytes > 0) {
    ssize_t count = read(descriptor, next, bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return EPIPE;
    next += count;
    bytes -= (size_t)count;
  }
  return 0;
}

size_t gimbal_read_waiting(int descriptor, void *start, size_t bytes) {
  struct pollfd waiting = {.fd = descriptor, .events = POLLIN};
  if (poll(&waiting, 1, 0) != 1 || !(waiting.revents & POLLIN)) return 0;
  ssize_t count = read(descriptor, start, bytes);
  return count > 0 ? (size_t)count : 0;
}

void gimbal_close(int descriptor) { close(descriptor); }

/* Writes a number behind `text` and ends it with zero. */
static char *put_number(char *text, unsigned number) {
  char digits[12];
  size_t count = 0;
  do digits[count++] = (char)('0' + number % 10);
  while (number /= 10);
  while (count > 0) *text++ = digits[--count];
  *text = 0;
  return text;
}

int gimbal_restart(int console, int operatorEnd) {
  enum { most = 255 };
  static char *kept[most + 2];
  static char handed[48];
  size_t count = 0;
  for (char **entry = environ; *entry && count < most; entry++)
    if (strncmp(*entry, GIMBAL_CONSOLE, strlen(GIMBAL_CONSOLE)) != 0) kept[count++] = *entry;
  if (console >= 0 && operatorEnd >= 0) {
    if (fcntl(console, F_SETFD, 0) != 0 || fcntl(operatorEnd, F_SETFD, 0) != 0) return errno;
    memcpy(handed, GIMBAL_CONSOLE, strlen(GIMBAL_CONSOLE));
    char *end = put_number(handed + strlen(GIMBAL_CONSOLE), (unsigned)console);
    *end = ',';
    put_number(end + 1, (unsigned)operatorEnd);
    kept[count++] = handed;
  }
  kept[count] = 0;
  gimbal_return_processors();
  /* By its path and not by /proc/self/exe, which stays the old file when a new program took its place. */
  execve(programPath, arguments, kept);
  return errno;
}

void gimbal_keep_memory(void) {
  const struct rlimit none = {0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void gimbal_exit(int status) { _exit(status); }

int gimbal_random(void *start, size_t bytes) {
  char *next = start;
  while (bytes > 0) {
    ssize_t count = getrandom(next, bytes, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    next += count;
    bytes -= (size_t)count;
  }
  return 0;
}

const void *gimbal_map_file(const char *path, size_t *bytes, int *error) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat facts;
  void *start = MAP_FAILED;
  *bytes = 0;
  *error = 0;
  if (file < 0 || fstat(file, &facts) != 0) {
    *error = errno;
  } else if (!S_ISREG(facts.st_mode)) {
    *error = EINVAL;
  } else {
    *bytes = (size_t)facts.st_size;
    start = mmap(0, *bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (start == MAP_FAILED) *error = errno;
  }
  if (file >= 0) close(file);
  return start == MAP_FAILED ? 0 : start;
}

void gimbal_unmap(const void *start, size_t bytes) { munmap((void *)start, bytes); }

void *gimbal_map_shared(const char *path, size_t bytes, int *error) {
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  struct stat facts;
  void *start = MAP_FAILED;
  *error = 0;
  if (file < 0 || fstat(file, &facts) != 0) {
    *error = errno;
  } else if (!S_ISREG(facts.st_mode) || facts.st_size > (off_t)bytes) {
    *error = EINVAL;
  } else if (facts.st_uid != geteuid()) {
    *error = EPERM;
  } else if ((*error = gimbal_reserve(file, bytes)) == 0) {
    start = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (start == MAP_FAILED) *error = errno;
  }
  if (file >= 0) close(file);
  return start == MAP_FAILED ? 0 : start;
}

int gimbal_reserve(int file, size_t bytes) {
  int error = posix_fallocate(file, 0, (off_t)bytes);
  if (error != EOPNOTSUPP) return error;
  /* FAT, for one, cannot: zeros are written then. */
  const char zeros[512] = {0};
  struct stat facts;
  if (fstat(file, &facts) != 0) return errno;
  error = 0;
  for (size_t next = (size_t)facts.st_size; next < bytes && !error; next += sizeof zeros) {
    size_t left = bytes - next;
    error = gimbal_write_at(file, next, zeros, left < sizeof zeros ? left : sizeof zeros);
  }
  return error;
}

void *gimbal_map_zeroed(size_t bytes) {
  void *start = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return start == MAP_FAILED ? 0 : start;
}

int gimbal_load(const char *path, void *start, size_t capacity, size_t *bytes) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  char *next = start;
  int error = 0;
  *bytes = 0;
  while (!error) {
    char beyond;
    int isFull = *bytes == capacity;
    ssize_t count = read(file, isFull ? &beyond : next + *bytes, isFull ? 1 : capacity - *bytes);
    if (count < 0 && errno != EINTR) error = errno;
    if (count == 0) break;
    if (count > 0 && isFull) error = EFBIG;
    if (count > 0 && !isFull) *bytes += (size_t)count;
  }
  close(file);
  return error;
}

static int flushFolder(char *path) {
  char *slash = strrchr(path, '/');
  if (slash == path) slash[1] = 0;
  if (slash && slash != path) *slash = 0;
  int folder = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return errno;
  int error = fsync(folder) == 0 ? 0 : errno;
  close(folder);
  return error;
}

int gimbal_flush_folder(const char *path) {
  char folder[4096];
  size_t length = strlen(path);
  if (length >= sizeof folder) return ENAMETOOLONG;
  memcpy(folder, path, length + 1);
  return flushFolder(folder);
}

int gimbal_replace(const char *path, const void *start, size_t bytes) {
  static char beside[4096];
  size_t length = strlen(path);
  if (length > 4000) return ENAMETOOLONG;
  memcpy(beside, path, length);
  memcpy(beside + length, ".new", 5);
  int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return errno;
  int error = gimbal_write(file, start, bytes);
  if (!error && fsync(file) != 0) error = errno;
  if (close(file) != 0 && !error) error = errno;
  if (!error && rename(beside, path) != 0) error = errno;
  if (error) return error;
  memcpy(beside, path, length + 1);
  return flushFolder(beside);
}

int gimbal_open_append(const char *path, int *descriptor) {
  *descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  return *descriptor < 0 ? errno : 0;
}

uint64_t gimbal_monotonic_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
