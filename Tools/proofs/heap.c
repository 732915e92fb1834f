/* The allocator of the static image as a library meets it: without an argument its answers are looked at, with the name
 * of a call that call is made after the seal. Prints what is not so. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clinux.h"

static int faults;

static void expect(int isSo, const char *what) {
  if (isSo) return;
  dprintf(1, "heap: not so: %s\n", what);
  faults++;
}

static int is_filled(const char *start, size_t count, char byte) {
  while (count > 0 && start[count - 1] == byte) count--;
  return count == 0;
}

static void gives_back(void) {
  char *first = malloc(100), *second = malloc(1), *third = malloc(50);
  expect(second >= first + 100 && third >= second + 1, "blocks lie apart");
  expect(((uintptr_t)first | (uintptr_t)second | (uintptr_t)third) % 16 == 0, "blocks are aligned");
  size_t before = gimbal_allocated_bytes();
  free(second);
  expect(gimbal_allocated_bytes() == before, "one in the middle stays");
  free(third);
  expect(malloc(1) == second, "it goes with the last");
  free(second);
  free(first);
  free(0);
  expect(gimbal_allocated_bytes() == 0, "all is given back");
}

static void grows(void) {
  char *block = malloc(100);
  memset(block, 7, 100);
  expect(realloc(block, 4000) == block && is_filled(block, 100, 7), "the last one grows in place");
  char *other = malloc(10);
  char *moved = realloc(block, 5000);
  expect(moved != block && is_filled(moved, 100, 7), "another one moves and keeps its bytes");
  expect(realloc(moved, 20) == moved && is_filled(moved, 20, 7), "the last one shrinks in place");
  expect(realloc(0, 8) > (void *)moved, "nothing grows from nothing");
  memset(other, 1, 10);
  char *aligned = aligned_alloc(64, 64);
  expect((uintptr_t)aligned % 64 == 0, "64 is 64");
  errno = 0;
  expect(!aligned_alloc(24, 24) && errno == EINVAL, "24 is no power of two");
}

static void ends(void) {
  errno = 0;
  expect(!malloc(1 << 20) && errno == ENOMEM, "more than there is");
  errno = 0;
  expect(!malloc(SIZE_MAX - 8) && errno == ENOMEM, "more than can be counted");
  errno = 0;
  expect(!calloc(SIZE_MAX / 2, 3) && errno == ENOMEM, "a product that is too large");
  int count = 0;
  while (malloc(1000)) count++;
  expect(count > 10 && count < 33, "32 KiB are no more than that");
}

static void is_zero(void) {
  char *dirty = malloc(300);
  memset(dirty, 9, 300);
  free(dirty);
  char *clean = calloc(3, 100);
  expect(clean == dirty && is_filled(clean, 300, 0), "calloc clears what was used before");
  free(clean);
}

int main(int count, char **arguments) {
  if (count == 1) {
    gives_back();
    is_zero();
    grows();
    ends();
    return faults != 0;
  }
  void *block = malloc(10);
  gimbal_seal_allocator();
  free(block);
  if (strcmp(arguments[1], "nothing") == 0) return 0;
  if (strcmp(arguments[1], "malloc") == 0) block = malloc(1);
  if (strcmp(arguments[1], "calloc") == 0) block = calloc(1, 1);
  if (strcmp(arguments[1], "realloc") == 0) block = realloc(block, 1);
  if (strcmp(arguments[1], "aligned_alloc") == 0) block = aligned_alloc(16, 16);
  if (strcmp(arguments[1], "strdup") == 0) block = strdup(arguments[1]);
  dprintf(1, "heap: %s after the seal gave %p\n", arguments[1], block);
  return 0;
}
