#define _GNU_SOURCE
#include "clinux.h"
#include "files.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int closeWith(int descriptor, int error) {
  close(descriptor);
  return error;
}

int gimbal_open_records(const char *path, size_t bytes, int *descriptor) {
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return errno;
  struct stat facts;
  if (fstat(file, &facts) != 0) return closeWith(file, errno);
  if (!S_ISREG(facts.st_mode)) return closeWith(file, EINVAL);
  if (facts.st_mode & (S_IRWXG | S_IRWXO)) return closeWith(file, EACCES);
  if (facts.st_size != 0 && (size_t)facts.st_size != bytes) return closeWith(file, EFBIG);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) return closeWith(file, errno);
  int error = gimbal_reserve(file, bytes);
  if (!error && fsync(file) != 0) error = errno;
  if (!error) error = gimbal_flush_folder(path);
  if (error) return closeWith(file, error);
  *descriptor = file;
  return 0;
}

int gimbal_read_at(int descriptor, size_t offset, void *start, size_t bytes) {
  char *next = start;
  while (bytes > 0) {
    ssize_t count = pread(descriptor, next, bytes, (off_t)offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return EIO;
    next += count;
    offset += (size_t)count;
    bytes -= (size_t)count;
  }
  return 0;
}

int gimbal_write_at(int descriptor, size_t offset, const void *start, size_t bytes) {
  const char *next = start;
  while (bytes > 0) {
    ssize_t count = pwrite(descriptor, next, bytes, (off_t)offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    next += count;
    offset += (size_t)count;
    bytes -= (size_t)count;
  }
  return 0;
}

int gimbal_sync(int descriptor) { return fdatasync(descriptor) == 0 ? 0 : errno; }

int gimbal_local_listen(const char *path, int isForAll, int *descriptor) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length >= sizeof name.sun_path) return ENAMETOOLONG;
  memcpy(name.sun_path, path, length);
  struct stat facts;
  /* A socket that an earlier run left is replaced; anything else is not ours. */
  if (lstat(path, &facts) == 0 && (!S_ISSOCK(facts.st_mode) || unlink(path) != 0)) return EADDRINUSE;
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) return errno;
  mode_t mask = umask(isForAll ? 0111 : 0177);
  int error = bind(listener, (struct sockaddr *)&name, sizeof name) == 0 ? 0 : errno;
  umask(mask);
  if (!error && listen(listener, 4) != 0) error = errno;
  if (error) return closeWith(listener, error);
  *descriptor = listener;
  return 0;
}

int gimbal_local_accept(int listener, int *descriptor, uint32_t *user) {
  int peer = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (peer < 0) return errno;
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return closeWith(peer, errno);
  *user = credentials.uid;
  *descriptor = peer;
  return 0;
}

uint32_t gimbal_user(void) { return geteuid(); }

int gimbal_port_send(int descriptor, const void *start, size_t bytes, size_t *sent) {
  ssize_t count = send(descriptor, start, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0 && errno == ENOTSOCK) count = write(descriptor, start, bytes);
  *sent = count > 0 ? (size_t)count : 0;
  if (count >= 0) return 0;
  return errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : errno;
}

int gimbal_port_receive(int descriptor, void *start, size_t bytes, size_t *received) {
  ssize_t count = read(descriptor, start, bytes);
  *received = count > 0 ? (size_t)count : 0;
  if (count > 0) return 0;
  if (count == 0) return EPIPE;
  return errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : errno;
}
