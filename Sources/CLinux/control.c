#define _GNU_SOURCE
#include "ccontrol.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Atomic uint32_t turnWord;
static _Atomic int startState;
static _Atomic int controlThread;
static void (*controlEntry)(void);
static int controlProcessor, controlPriority;

/* Those that the program was started with: it binds itself to one of them later, and a restart inherits that. */
static cpu_set_t startProcessors;

__attribute__((constructor)) static void keep_processors(void) {
  CPU_ZERO(&startProcessors);
  (void)sched_getaffinity(0, sizeof startProcessors, &startProcessors);
}

int gimbal_processor(int fromLast) {
  for (int number = CPU_SETSIZE - 1; number >= 0; number--)
    if (CPU_ISSET(number, &startProcessors) && fromLast-- == 0) return number;
  return -1;
}

void gimbal_return_processors(void) { (void)sched_setaffinity(0, sizeof startProcessors, &startProcessors); }

__attribute__((noinline)) static void touch_stack(uint32_t bytes) {
  enum { page = 4096 };
  volatile uint8_t pages[page];
  /* Seen from outside, so that all of it is there and not only the bytes that are named. */
  __asm__ volatile("" : : "r"(pages) : "memory");
  pages[0] = 0;
  if (bytes > page) touch_stack(bytes - page);
  pages[page - 1] = pages[0];
}

int gimbal_lock_memory(uint32_t stackBytes) {
  if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) return errno;
  touch_stack(stackBytes);
  return 0;
}

int gimbal_bind_to_processor(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0 ? 0 : errno;
}

#if defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#endif
#define ALLOW(name) \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* From here on the calling thread may wait on a futex, sleep, read the clock, move data to and from open descriptors,
 * and end; any other call ends the process. */
static int confine(void) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      ALLOW(futex),
      /* How the kernel goes on with a wait that a stop of the process has interrupted. */
      ALLOW(restart_syscall),
      ALLOW(ioctl),
      ALLOW(clock_nanosleep),
      ALLOW(read),
      ALLOW(write),
      /* Where the kernel's page has no clock to read. */
      ALLOW(clock_gettime),
      ALLOW(exit),
      ALLOW(exit_group),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const struct sock_fprog filter = {.len = sizeof program / sizeof *program, .filter = program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 ? 0 : errno;
}

static void *begin(void *nothing) {
  (void)nothing;
  int error = controlProcessor >= 0 ? gimbal_bind_to_processor(controlProcessor) : 0;
  const struct sched_param parameters = {.sched_priority = controlPriority};
  /* The call itself: one C library refuses what the kernel can do. */
  if (error == 0 && controlPriority > 0 && syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameters) != 0)
    error = errno;
  touch_stack(8192);
  atomic_store(&controlThread, (int)syscall(SYS_gettid));
  if (error == 0) error = confine();
  atomic_store(&startState, error == 0 ? -1 : error);
  if (error == 0) controlEntry();
  return 0;
}

int gimbal_start_control(int processor, int priority, void (*entry)(void)) {
  pthread_attr_t attributes;
  pthread_t thread;
  controlEntry = entry;
  controlProcessor = processor;
  controlPriority = priority;
  int error = pthread_attr_init(&attributes);
#ifndef __GLIBC__
  /* The image has its stack where the linker sees it. glibc asks for more than the thread needs and maps its own. */
  static _Alignas(4096) uint8_t stack[32768] __attribute__((section(".bss.gimbal_control_stack")));
  if (error == 0) error = pthread_attr_setstack(&attributes, stack, sizeof stack);
#endif
  if (error == 0) error = pthread_create(&thread, &attributes, begin, 0);
  if (error != 0) return error;
  const struct timespec pause = {0, 100000};
  while (atomic_load(&startState) == 0) nanosleep(&pause, 0);
  int state = atomic_load(&startState);
  return state < 0 ? 0 : state;
}

void gimbal_sleep_until(uint64_t ns) {
  const struct timespec time = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, 0) == EINTR) {
  }
}

uint32_t gimbal_turn(void) { return atomic_load_explicit(&turnWord, memory_order_acquire); }

void gimbal_pass_turn(uint32_t turn) {
  atomic_store_explicit(&turnWord, turn, memory_order_release);
  syscall(SYS_futex, &turnWord, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
}

void gimbal_await_turn(uint32_t seen, uint64_t untilNs) {
  const struct timespec time = {
      .tv_sec = (time_t)(untilNs / 1000000000u), .tv_nsec = (long)(untilNs % 1000000000u)};
  syscall(
      SYS_futex, &turnWord, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, seen, &time, 0, FUTEX_BITSET_MATCH_ANY);
}

/* The number behind the `count`th space from `text` on. */
static uint64_t number_behind(const char *text, int count) {
  while (count > 0 && *text) count -= *text++ == ' ';
  uint64_t number = 0;
  for (; *text >= '0' && *text <= '9'; text++) number = 10 * number + (uint64_t)(*text - '0');
  return number;
}

int gimbal_control_faults(uint64_t *minor, uint64_t *major) {
  char path[48] = "/proc/self/task/", digits[12], text[512];
  int number = atomic_load(&controlThread), count = 0;
  size_t end = strlen(path);
  if (number <= 0) return ESRCH;
  for (; number > 0; number /= 10) digits[count++] = (char)('0' + number % 10);
  while (count > 0) path[end++] = digits[--count];
  memcpy(path + end, "/stat", 6);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  ssize_t bytes = read(file, text, sizeof text - 1);
  close(file);
  if (bytes <= 0) return EIO;
  text[bytes] = 0;
  /* The name in brackets may hold spaces; minflt and majflt are the 8th and 10th fields behind it. */
  const char *behind = strrchr(text, ')');
  if (!behind) return EIO;
  *minor = number_behind(behind, 8);
  *major = number_behind(behind, 10);
  return 0;
}
