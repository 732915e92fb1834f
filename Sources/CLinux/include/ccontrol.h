/* The control thread of a module on its own board: how it is started, what it may call, and the word over which it and
 * the rest of the program hand requests to each other. Nothing in here allocates after the start. */
#ifndef GIMBAL_CCONTROL_H
#define GIMBAL_CCONTROL_H
#include <stdint.h>

/* The number of a processor that the program was started with, counted from the last one, which is 0; -1 if there are
 * not so many. */
int gimbal_processor(int fromLast);
/* The calling thread may run on all of those again. */
void gimbal_return_processors(void);
/* Locks all memory that the process has or will have, and touches `bytes` of the stack of the caller. */
int gimbal_lock_memory(uint32_t stackBytes);
/* Binds the calling thread to one processor. */
int gimbal_bind_to_processor(int processor);
/* Starts the thread on its own static stack, bound to `processor`, SCHED_FIFO with `priority`, or with the usual policy
 * if that is 0. It may wait on a futex, sleep, read the clock, move data to and from open descriptors (ioctl, read,
 * write) and end; any other call ends the process. Returns when it runs, or with what kept it from it. */
int gimbal_start_control(int processor, int priority, void (*entry)(void));

/* clock_nanosleep(2) on the monotonic clock until an absolute time. */
void gimbal_sleep_until(uint64_t ns);

/* The word that says whose turn it is: acquire on reading, release on writing. */
uint32_t gimbal_turn(void);
/* Writes it and wakes who waits on it. */
void gimbal_pass_turn(uint32_t turn);
/* Waits until it is not `seen` any more or the monotonic clock has reached a time; may return early. */
void gimbal_await_turn(uint32_t seen, uint64_t untilNs);

/* Page faults of the control thread so far, from /proc; the minor ones and those that read a medium. */
int gimbal_control_faults(uint64_t *minor, uint64_t *major);
#endif
