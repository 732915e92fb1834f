/* What the C library does when one of its own assertions fails: one line on standard error, and a trap, which shuts
 * lasers and gates by the gateware's watchdog. The library's own way brings in formatted output, locales and character
 * sets, 300 KB that nothing else of the static image needs. */
#include <string.h>
#include <unistd.h>

void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function)
    __attribute__((noreturn));

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
