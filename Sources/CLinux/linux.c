#include "clinux.h"
#include <errno.h>
#include <unistd.h>

static int argumentCount;
static char **arguments;

/* glibc hands the arguments to constructors, dynamic and static alike. */
__attribute__((constructor)) static void keepArguments(int count, char **values, char **environment) {
  (void)environment;
  argumentCount = count;
  arguments = values;
}

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

void gimbal_exit(int status) { _exit(status); }
