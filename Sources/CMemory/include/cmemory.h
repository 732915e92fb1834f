/* Memory operations that a compiler may not remove or reorder away. */
#ifndef GIMBAL_CMEMORY_H
#define GIMBAL_CMEMORY_H
#include <stddef.h>
/* Writes zero to every byte through a volatile pointer: the stores survive dead-store elimination. */
void gimbal_wipe(void *start, size_t bytes);
#endif
