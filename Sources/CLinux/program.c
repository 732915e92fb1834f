#define _GNU_SOURCE
#include "clinux.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { path_capacity = 4096 };

int gimbal_program_bytes(const char *path, uint64_t *bytes) {
  struct stat facts;
  if (stat(path, &facts) != 0) return errno;
  if (!S_ISREG(facts.st_mode) || access(path, X_OK) != 0) return EACCES;
  *bytes = (uint64_t)facts.st_size;
  return 0;
}

int gimbal_trial_status(int child, int *status) {
  int how = 0;
  pid_t ended = waitpid((pid_t)child, &how, WNOHANG);
  if (ended == 0) return EAGAIN;
  if (ended < 0) return errno;
  *status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
  return 0;
}

void gimbal_end_trial(int child) {
  kill((pid_t)child, SIGKILL);
  waitpid((pid_t)child, 0, 0);
}

/* `path` and `ending` one behind the other; 0 if there is room. */
static int joined(char *whole, const char *path, const char *ending) {
  if (strlen(path) + strlen(ending) >= path_capacity) return ENAMETOOLONG;
  strcpy(whole, path);
  strcat(whole, ending);
  return 0;
}

static int copy(int from, int to) {
  static char bytes[1 << 14];
  for (;;) {
    ssize_t count = read(from, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return fsync(to) == 0 ? 0 : errno;
    int error = gimbal_write(to, bytes, (size_t)count);
    if (error) return error;
  }
}

static int copy_file(const char *from, const char *to) {
  int source = open(from, O_RDONLY | O_CLOEXEC);
  if (source < 0) return errno;
  int target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  int error = target < 0 ? errno : copy(source, target);
  close(source);
  if (target >= 0 && close(target) != 0 && !error) error = errno;
  return error;
}

/* The copy is what is tested and what is installed: whoever can still write the candidate changes neither. */
int gimbal_begin_trial(const char *candidate, const char *program, int *child) {
  static char fresh[path_capacity];
  int error = joined(fresh, program, ".next");
  if (!error) error = copy_file(candidate, fresh);
  if (error) return error;
  pid_t made = fork();
  if (made < 0) return errno;
  if (made == 0) {
    int nowhere = open("/dev/null", O_RDWR);
    if (nowhere >= 0) {
      dup2(nowhere, 0);
      dup2(nowhere, 1);
      dup2(nowhere, 2);
    }
    char *const arguments[] = {fresh, (char *)"--selftest", 0};
    char *const environment[] = {0};
    execve(fresh, arguments, environment);
    _exit(127);
  }
  *child = (int)made;
  return 0;
}

static int sync_folder(const char *path) {
  static char folder[path_capacity];
  strcpy(folder, path);
  char *slash = strrchr(folder, '/');
  if (!slash) return EINVAL;
  slash[slash == folder] = 0;
  int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno;
  int error = fsync(descriptor) == 0 ? 0 : errno;
  close(descriptor);
  return error;
}

int gimbal_install_program(const char *candidate, const char *program) {
  static char fresh[path_capacity], previous[path_capacity];
  int error = joined(fresh, program, ".next");
  if (!error) error = joined(previous, program, ".previous");
  if (error) return error;
  if (unlink(previous) != 0 && errno != ENOENT) return errno;
  if (link(program, previous) != 0) return errno;
  if (rename(fresh, program) != 0) return errno;
  error = sync_folder(program);
  if (!error && unlink(candidate) != 0) error = errno;
  return error;
}
