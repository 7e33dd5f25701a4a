/*
 * Reopening files that were published anew: docs/reopen-protocol.md. Linux, C11, no library but libc.
 * Copy holdfast-flag.h and holdfast-flag.c into your program.
 *
 *     struct holdfast_flag flag;
 *     for (;;) {
 *       if (holdfast_flag_open(&flag, path) != 0) warn("%s", path);   // goes on without: never stale
 *       read_configuration(path);                                     // the flag first, then the data
 *       while (!holdfast_flag_stale(&flag)) serve_one_request();
 *       holdfast_flag_close(&flag);
 *     }
 *
 * A flag belongs to one thread at a time; `holdfast_flag_stale` may be called by all. MIT license.
 */
#ifndef HOLDFAST_FLAG_H
#define HOLDFAST_FLAG_H

#include <limits.h>
#include <stddef.h>

struct holdfast_flag {
  /** Never NULL after holdfast_flag_open. */
  const unsigned char *byte;
  /** Open for inotify, by /proc/self/fd/N; -1: there is no flag. */
  int fd;
};

/**
 * To be called before the data is opened. The file need not be there yet, its folder must.
 *
 * 0; or -1 with errno: there is no flag, and it will never be stale. EPERM: the runtime directory is not this user's alone.
 * ENOSPC: it is full. May be closed in either case.
 */
int holdfast_flag_open(struct holdfast_flag *flag, const char *path);

/** Not 0: the path may lead to a newer version than what was opened after holdfast_flag_open. One byte load. */
static inline int holdfast_flag_stale(const struct holdfast_flag *flag) {
  return __atomic_load_n(flag->byte, __ATOMIC_ACQUIRE) != 0;
}

/** To be called before the next one is opened. */
void holdfast_flag_close(struct holdfast_flag *flag);

/**
 * For a writer: to be called when a new version was renamed to the path. Tells its readers.
 *
 * 0, also if there are none; or -1 with errno.
 */
int holdfast_flag_raise(const char *path);

/** Where the flag of a path is; PATH_MAX bytes. 0, or -1 with errno. */
int holdfast_flag_path(const char *path, char *flag_path);

#endif
