/* The calls of Linux that the program needs, in a form that every build of it can import.
 *
 * Where nothing else is said a function returns 0 or the error number. None of them allocates. */
#ifndef GIMBAL_CLINUX_H
#define GIMBAL_CLINUX_H
#include <stddef.h>
#include <stdint.h>

/* Arguments of the process; Embedded Swift has no CommandLine. A null pointer outside 0..<count. */
int gimbal_argument_count(void);
const char *gimbal_argument(int index);

/* write(2) until all bytes are out. Nothing is buffered, so nothing is lost on a trap. */
int gimbal_write(int descriptor, const void *start, size_t bytes);
/* read(2) until all bytes are in; EPIPE when the stream ends before. */
int gimbal_read(int descriptor, void *start, size_t bytes);
/* read(2) what is there at once, at most `bytes`, also of a blocking descriptor; 0 when nothing is, or at the end. */
size_t gimbal_read_waiting(int descriptor, void *start, size_t bytes);
void gimbal_close(int descriptor);

/* Starts the program of this process anew with the same arguments and environment; the pseudo terminal of `console` and
 * `operatorEnd` goes along, if they are descriptors. Returns the error number if it cannot. */
int gimbal_restart(int console, int operatorEnd);

/* The path of this program's file as it was at the start, zero-ended; empty if it could not be told. */
const char *gimbal_own_path(void);
/* Bytes of a file that may be executed; EACCES if it may not. */
int gimbal_program_bytes(const char *path, uint64_t *bytes);
/* Copies `candidate` to PROGRAM.next and starts that with --selftest, its output thrown away. */
int gimbal_begin_trial(const char *candidate, const char *program, int *child);
/* EAGAIN while the child runs; then its exit status, 128 and the signal for one that was ended. */
int gimbal_trial_status(int child, int *status);
void gimbal_end_trial(int child);
/* Keeps the program as PROGRAM.previous and renames PROGRAM.next into its place; then removes the candidate. Durable on
 * return; a power cut leaves a whole program. */
int gimbal_install_program(const char *candidate, const char *program);

/* No core dump of this process, and no other process looks into it. */
void gimbal_keep_memory(void);

/* After this, asking the allocator of the static image for memory is a trap, with a line on standard error. Libraries
 * allocate before. Does nothing where the C library's own allocator is in use. */
void gimbal_seal_allocator(void);
/* Bytes of the start-up heap in use, with their headers; 0 where the C library's own allocator is in use. */
size_t gimbal_allocated_bytes(void);

/* _exit(2). */
_Noreturn void gimbal_exit(int status);

/* getrandom(2), from the pool of the kernel, which is seeded when it returns. */
int gimbal_random(void *start, size_t bytes);

/* A file mapped for reading: its start, or a null pointer and the error number. Empty files are EINVAL. */
const void *gimbal_map_file(const char *path, size_t *bytes, int *error);
void gimbal_unmap(const void *start, size_t bytes);
/* A file of exactly so many bytes, made with mode 0600 where there is none, mapped for reading and writing: what is
 * written there outlives the process, whatever ends it. A null pointer and the error number; EINVAL for a file that is
 * longer or no file at all, EPERM for another user's. */
void *gimbal_map_shared(const char *path, size_t bytes, int *error);
/* Zeroed pages, or a null pointer. Only the self-test asks for them. */
void *gimbal_map_zeroed(size_t bytes);

/* Reads a file of at most `capacity` bytes; EFBIG when it is longer. */
int gimbal_load(const char *path, void *start, size_t capacity, size_t *bytes);
/* Replaces a file so that after a power loss either the old or the new one is found, whole: a new file beside it,
 * fsync, rename, fsync of the folder. The path has at most 4000 bytes. */
int gimbal_replace(const char *path, const void *start, size_t bytes);
/* fsync of the folder that a file is in, so that the file itself is found again. */
int gimbal_flush_folder(const char *path);
/* Opens a file of exactly `bytes` bytes, created with mode 0600 and zeros, for this process alone: EAGAIN when another
 * has it, EACCES when others may read it, EFBIG when it has another size. */
int gimbal_open_records(const char *path, size_t bytes, int *descriptor);
int gimbal_read_at(int descriptor, size_t offset, void *start, size_t bytes);
int gimbal_write_at(int descriptor, size_t offset, const void *start, size_t bytes);
/* fdatasync(2). */
int gimbal_sync(int descriptor);
/* Opens a file for appending, created with mode 0600. */
int gimbal_open_append(const char *path, int *descriptor);

/* Stream socket of the file system. */
int gimbal_connect_local(const char *path, int *descriptor);
/* Listens on a socket with mode 0600, or 0666 if it `isForAll`; one that an earlier run left is replaced. */
int gimbal_local_listen(const char *path, int isForAll, int *descriptor);
/* EAGAIN while nobody calls. `user` is who calls, as the kernel knows. */
int gimbal_local_accept(int listener, int *descriptor, uint32_t *user);
/* The effective user of this process. */
uint32_t gimbal_user(void);
/* Sockets and serial lines alike. EAGAIN when nothing can be moved now, EPIPE when the other end has closed. */
int gimbal_port_send(int descriptor, const void *start, size_t bytes, size_t *sent);
int gimbal_port_receive(int descriptor, void *start, size_t bytes, size_t *received);

/* A socket of the file system for datagrams to whoever may listen. */
int gimbal_datagram_socket(int *descriptor);
/* Sends to the socket at `path` or to nobody; never waits. */
void gimbal_datagram_send(int descriptor, const char *path, const void *start, size_t bytes);

/* TCP over IPv4; addresses and ports are in host order. All sockets are non-blocking and send without delay. */
int gimbal_tcp_listen(uint32_t address, uint16_t port, int *descriptor, uint16_t *boundPort);
/* EAGAIN while nobody calls. */
int gimbal_tcp_accept(int listener, int *descriptor);
/* Begins to connect. */
int gimbal_tcp_begin(uint32_t address, uint16_t port, int *descriptor);
/* EAGAIN while the connection is being made. */
int gimbal_tcp_ready(int descriptor);
/* EAGAIN when nothing can be moved now, EPIPE when the peer has closed. */
int gimbal_tcp_send(int descriptor, const void *start, size_t bytes, size_t *sent);
int gimbal_tcp_receive(int descriptor, void *start, size_t bytes, size_t *received);

/* Opens a pseudo terminal without line discipline, or takes over the one that `gimbal_restart` handed on. `name`
 * receives the path of the end for the operator, zero-ended. `operatorEnd` is kept open, so that the terminal survives
 * an operator who leaves. */
int gimbal_open_pty(int *descriptor, int *operatorEnd, char *name, size_t capacity);
/* Writes what a non-blocking descriptor has room for and returns how much; all of it when nobody can ever read it. */
size_t gimbal_write_some(int descriptor, const void *start, size_t bytes);
/* A descriptor of the same terminal or pipe that never blocks a writer; itself for a file, which never does. */
int gimbal_nonblocking_output(int descriptor);
/* Opens a serial device without line discipline, 8N1, no flow control, at a usual speed such as 115200; EINVAL for a
 * speed that is none, ENOTTY for what is no terminal. */
int gimbal_open_serial(const char *path, uint32_t baud, int *descriptor);
/* Keys one by one without echo, if the descriptor is a terminal; and back. */
void gimbal_terminal_raw(int descriptor);
void gimbal_terminal_restore(int descriptor);
/* The clock that nobody sets, in nanoseconds. */
uint64_t gimbal_monotonic_ns(void);
#endif
