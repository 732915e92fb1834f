/* Watches a module's own work on the calling thread: counts its heap allocations, and if asked for its time. Host only:
 * it stands in front of the C library's allocator of the whole program. */
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
/* From now on time is counted too, which takes some 50 ns at each begin, end, pause and resume. */
void gimbal_watch_time(void);
/* Nanoseconds watched so far. */
uint64_t gimbal_watch_nanoseconds(void);
#endif
