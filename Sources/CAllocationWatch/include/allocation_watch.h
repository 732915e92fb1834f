/* Counts heap allocations of the calling thread while it is watched. Host only: it stands in front of the C library's
 * allocator of the whole program. */
#ifndef GIMBAL_CALLOCATIONWATCH_H
#define GIMBAL_CALLOCATIONWATCH_H
#include <stdint.h>

/* Begins or ends watching; calls nest, and only the outermost level counts. */
void gimbal_watch_begin(void);
void gimbal_watch_end(void);
/* Suspends watching while the twin answers for a device. */
void gimbal_watch_pause(void);
void gimbal_watch_resume(void);
/* Allocations seen so far. */
uint64_t gimbal_watch_count(void);
#endif
