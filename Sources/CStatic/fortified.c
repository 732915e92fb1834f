/* Names that glibc's headers put in the place of asprintf and snprintf where _FORTIFY_SOURCE is asked for, as Debian
 * does for its libgpiod. musl has no such names. They differ from the functions by a flag, for %n in writable memory,
 * and by the room that the compiler knows of. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

int __asprintf_chk(char **result, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
int __snprintf_chk(char *start, size_t bytes, int flag, size_t room, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

int __asprintf_chk(char **result, int flag, const char *format, ...) {
  (void)flag;
  va_list values;
  va_start(values, format);
  int count = vasprintf(result, format, values);
  va_end(values);
  return count;
}

int __snprintf_chk(char *start, size_t bytes, int flag, size_t room, const char *format, ...) {
  (void)flag;
  if (bytes > room) __builtin_trap();
  va_list values;
  va_start(values, format);
  int count = vsnprintf(start, bytes, format, values);
  va_end(values);
  return count;
}
