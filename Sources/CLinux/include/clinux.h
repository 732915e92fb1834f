/* The calls of Linux that the program needs, in a form that every build of it can import. */
#ifndef GIMBAL_CLINUX_H
#define GIMBAL_CLINUX_H
#include <stddef.h>

/* Arguments of the process; Embedded Swift has no CommandLine. A null pointer outside 0..<count. */
int gimbal_argument_count(void);
const char *gimbal_argument(int index);

/* write(2) until all bytes are out: 0, or the error number. Nothing is buffered, so nothing is lost on a trap. */
int gimbal_write(int descriptor, const void *start, size_t bytes);

/* _exit(2). */
_Noreturn void gimbal_exit(int status);
#endif
