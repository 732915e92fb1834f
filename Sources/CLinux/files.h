/* What more than one file of this module does with files. */
#ifndef GIMBAL_FILES_H
#define GIMBAL_FILES_H
#include <stddef.h>

/* Gives a file that is not longer its size, zeros at the end, and the room for it: a full disk is told here and not by
 * a signal later. Returns 0 or the error number. */
int gimbal_reserve(int file, size_t bytes);
#endif
