/* Two pieces of the C library that the static image has in a smaller form. The library's own bring in formatted output,
 * locales, translations and character sets, which nothing of the image uses. */
#include <string.h>
#include <unistd.h>

/* What happens when an assertion of the library fails: one line on standard error, and a trap, which shuts lasers and
 * gates by the gateware's watchdog. */
void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function)
    __attribute__((noreturn));
/* The library's messages in the language that they are written in. */
char *__dcgettext(const char *domain, const char *message, int category);

static void tell(const char *text) {
  if (text && write(2, text, strlen(text)) < 0) return;
}

void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function) {
  (void)line;
  tell("error: c library: assertion failed: ");
  tell(assertion);
  tell(" ");
  tell(file);
  tell(" ");
  tell(function);
  tell("\n");
  __builtin_trap();
}

char *__dcgettext(const char *domain, const char *message, int category) {
  (void)domain;
  (void)category;
  return (char *)message;
}
