#define _GNU_SOURCE
#include "clinux.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int gimbal_connect_local(const char *path, int *descriptor) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length >= sizeof name.sun_path) return ENAMETOOLONG;
  memcpy(name.sun_path, path, length);
  int socketOf = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socketOf < 0) return errno;
  if (connect(socketOf, (struct sockaddr *)&name, sizeof name) != 0) {
    int error = errno;
    close(socketOf);
    return error;
  }
  *descriptor = socketOf;
  return 0;
}

static struct sockaddr_in nameOf(uint32_t address, uint16_t port) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
  return name;
}

/* Small messages are answered at once: waiting to fill a segment would cost a round trip each. */
static void sendAtOnce(int descriptor) {
  int yes = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

int gimbal_tcp_listen(uint32_t address, uint16_t port, int *descriptor, uint16_t *boundPort) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) return errno;
  int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  struct sockaddr_in name = nameOf(address, port);
  socklen_t length = sizeof name;
  if (bind(listener, (struct sockaddr *)&name, length) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, (struct sockaddr *)&name, &length) != 0) {
    int error = errno;
    close(listener);
    return error;
  }
  *descriptor = listener;
  *boundPort = ntohs(name.sin_port);
  return 0;
}

int gimbal_tcp_accept(int listener, int *descriptor) {
  int peer = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (peer < 0) return errno;
  sendAtOnce(peer);
  *descriptor = peer;
  return 0;
}

int gimbal_tcp_begin(uint32_t address, uint16_t port, int *descriptor) {
  int peer = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (peer < 0) return errno;
  sendAtOnce(peer);
  struct sockaddr_in name = nameOf(address, port);
  if (connect(peer, (struct sockaddr *)&name, sizeof name) != 0 && errno != EINPROGRESS) {
    int error = errno;
    close(peer);
    return error;
  }
  *descriptor = peer;
  return 0;
}

int gimbal_tcp_ready(int descriptor) {
  struct pollfd waiting = {.fd = descriptor, .events = POLLOUT};
  if (poll(&waiting, 1, 0) != 1) return EAGAIN;
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

int gimbal_tcp_send(int descriptor, const void *start, size_t bytes, size_t *sent) {
  ssize_t count = send(descriptor, start, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
  *sent = count > 0 ? (size_t)count : 0;
  if (count >= 0) return 0;
  return errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : errno;
}

int gimbal_tcp_receive(int descriptor, void *start, size_t bytes, size_t *received) {
  ssize_t count = recv(descriptor, start, bytes, MSG_DONTWAIT);
  *received = count > 0 ? (size_t)count : 0;
  if (count > 0) return 0;
  if (count == 0) return EPIPE;
  return errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : errno;
}

int gimbal_datagram_socket(int *descriptor) {
  *descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return *descriptor < 0 ? errno : 0;
}

void gimbal_datagram_send(int descriptor, const char *path, const void *start, size_t bytes) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length >= sizeof address.sun_path) return;
  memcpy(address.sun_path, path, length + 1);
  /* Nobody may listen, or be slow: telemetry is lost then. */
  (void)sendto(descriptor, start, bytes, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address);
}
