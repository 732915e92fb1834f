/* What Debian's libgpiod and libi2c hand to the C library and get back, as numbers. Compiled with the headers of glibc,
 * with which those libraries were built, and with those of musl, with which they are linked: both give the same. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define ROW(name, value) const long layout_##name = (long)(value);
#define FIELD(type, field)                                              \
  ROW(type##_##field##_at, offsetof(struct type, field))                \
  ROW(type##_##field##_bytes, sizeof((struct type *)0)->field)
#define NUMBER(name) ROW(name, name)

ROW(stat_bytes, sizeof(struct stat))
FIELD(stat, st_mode)
FIELD(stat, st_rdev)
FIELD(stat, st_size)
ROW(dirent_bytes, sizeof(struct dirent))
FIELD(dirent, d_type)
FIELD(dirent, d_name)
ROW(pollfd_bytes, sizeof(struct pollfd))
FIELD(pollfd, fd)
FIELD(pollfd, events)
FIELD(pollfd, revents)
ROW(timespec_bytes, sizeof(struct timespec))
FIELD(timespec, tv_sec)
FIELD(timespec, tv_nsec)
ROW(sigset_bytes, sizeof(sigset_t))
ROW(mode_bytes, sizeof(mode_t))
ROW(nfds_bytes, sizeof(nfds_t))
NUMBER(O_RDONLY)
NUMBER(O_RDWR)
NUMBER(O_CLOEXEC)
NUMBER(O_NONBLOCK)
NUMBER(S_IFMT)
NUMBER(S_IFCHR)
NUMBER(S_IFLNK)
NUMBER(R_OK)
NUMBER(POLLIN)
NUMBER(POLLPRI)
NUMBER(POLLNVAL)
NUMBER(EAGAIN)
NUMBER(EBUSY)
NUMBER(EINVAL)
NUMBER(EIO)
NUMBER(ENODEV)
NUMBER(ENOENT)
NUMBER(ENOMEM)
NUMBER(ENOTTY)
NUMBER(EPERM)
