#include "cmarks.h"

/* The text of each is its own, so that no linker takes two of them for one. */
#define MARK(n) \
  __attribute__((noinline, used)) void gimbal_mark_##n(void); \
  void gimbal_mark_##n(void) { __asm__ volatile("/* " #n " */" ::: "memory"); }
MARK(0) MARK(1) MARK(2) MARK(3) MARK(4) MARK(5) MARK(6) MARK(7)
MARK(8) MARK(9) MARK(10) MARK(11) MARK(12) MARK(13) MARK(14) MARK(15)

void gimbal_mark(unsigned number) {
  static void (*const marks[16])(void) = {
      gimbal_mark_0,  gimbal_mark_1,  gimbal_mark_2,  gimbal_mark_3,  gimbal_mark_4,  gimbal_mark_5,
      gimbal_mark_6,  gimbal_mark_7,  gimbal_mark_8,  gimbal_mark_9,  gimbal_mark_10, gimbal_mark_11,
      gimbal_mark_12, gimbal_mark_13, gimbal_mark_14, gimbal_mark_15};
  marks[number & 15]();
}
