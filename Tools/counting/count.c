/* A plugin of the user-mode emulator that counts executed instructions, for Tools/instructions.py.
 *
 *   qemu-aarch64 -plugin libcount.so,marks=FILE,out=FILE PROGRAM ...
 *
 * FILE of marks has an address a line, in hexadecimal: what is executed after the block that begins at line k belongs
 * to bucket k. `out` gets a line a translated block: its address, its instructions, and how often it ran in each
 * bucket.
 *
 * What is declared here of the emulator is version 1 of its plugin interface (QEMU 4.2 to 8.1), as its documentation
 * "QEMU TCG Plugins" describes it; Debian ships no header. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void (*tb_callback)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*exec_callback)(unsigned, void *);
typedef void (*exit_callback)(qemu_plugin_id_t, void *);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, tb_callback);
void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *, exec_callback, enum qemu_plugin_cb_flags, void *);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, exit_callback, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

enum { buckets = 16 };

struct block {
  uint64_t address, instructions;
  int mark; /* The bucket that begins here, -1 for none. */
  uint64_t runs[buckets];
  struct block *next;
};

static struct block *all;
static uint64_t marks[buckets];
static int mark_count, bucket;
static const char *out_path;

static void executed(unsigned cpu, void *data) {
  (void)cpu;
  struct block *block = data;
  if (block->mark >= 0) bucket = block->mark;
  block->runs[bucket]++;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  (void)id;
  struct block *block = calloc(1, sizeof *block);
  if (!block) abort();
  block->address = qemu_plugin_tb_vaddr(tb);
  block->instructions = qemu_plugin_tb_n_insns(tb);
  block->mark = -1;
  for (int i = 0; i < mark_count; i++) {
    if (marks[i] == block->address) block->mark = i;
  }
  block->next = all;
  all = block;
  qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS, block);
}

static void ended(qemu_plugin_id_t id, void *data) {
  (void)id, (void)data;
  FILE *out = fopen(out_path, "w");
  if (!out) abort();
  for (const struct block *block = all; block; block = block->next) {
    fprintf(out, "%" PRIx64 " %" PRIu64, block->address, block->instructions);
    for (int i = 0; i < buckets; i++) fprintf(out, " %" PRIu64, block->runs[i]);
    fputc('\n', out);
  }
  fclose(out);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int count, char **arguments) {
  (void)info;
  for (int i = 0; i < count; i++) {
    if (!strncmp(arguments[i], "out=", 4)) out_path = strdup(arguments[i] + 4);
    if (!strncmp(arguments[i], "marks=", 6)) {
      FILE *file = fopen(arguments[i] + 6, "r");
      if (!file) return -1;
      while (mark_count < buckets && fscanf(file, "%" SCNx64, &marks[mark_count]) == 1) mark_count++;
      fclose(file);
    }
  }
  if (!out_path) return -1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, NULL);
  return 0;
}
