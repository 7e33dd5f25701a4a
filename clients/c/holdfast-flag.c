/* See holdfast-flag.h. MIT license. */
#define _GNU_SOURCE
#include "holdfast-flag.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/** What a flag that cannot be had shows. */
static const unsigned char never_stale = 0;

/* SHA-256, FIPS 180-4. */

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotated(uint32_t word, int by) { return (word >> by) | (word << (32 - by)); }

static void hash_block(uint32_t state[8], const unsigned char *block) {
  uint32_t w[64];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ (w[i - 15] >> 3);
    uint32_t b = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + a + w[i - 7] + b;
  }
  uint32_t s[8];
  memcpy(s, state, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t e = rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25);
    uint32_t one = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + round_constants[i] + w[i];
    uint32_t a = rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22);
    uint32_t two = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += one;
    s[0] = one + two;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

static void hash_hex(const char *text, char hex[65]) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const size_t length = strlen(text);
  size_t done = 0;
  for (; length - done >= 64; done += 64) hash_block(state, (const unsigned char *)text + done);
  unsigned char last[128] = {0};
  const size_t rest = length - done;
  memcpy(last, text + done, rest);
  last[rest] = 0x80;
  const size_t padded = rest < 56 ? 64 : 128;
  const uint64_t bits = (uint64_t)length * 8;
  for (int i = 0; i < 8; i++) last[padded - 1 - i] = (unsigned char)(bits >> (8 * i));
  for (size_t at = 0; at < padded; at += 64) hash_block(state, last + at);
  for (int i = 0; i < 8; i++) snprintf(hex + 8 * i, 9, "%08x", state[i]);
}

/** All symbolic links followed; of a file that is not there yet, those of its folder. */
static int real_path(const char *path, char *real) {
  if (realpath(path, real)) return 0;
  if (errno != ENOENT) return -1;
  struct stat link;
  if (lstat(path, &link) == 0) { /* A link that leads to nothing yet. */
    errno = ENOENT;
    return -1;
  }
  char folder[PATH_MAX];
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  const size_t length = slash ? (size_t)(slash - path) : 0;
  if (*name == '\0' || length >= sizeof folder) {
    errno = *name ? ENAMETOOLONG : ENOENT;
    return -1;
  }
  memcpy(folder, path, length);
  folder[length] = '\0';
  if (!realpath(length ? folder : slash ? "/" : ".", real)) return -1;
  const size_t end = strlen(real);
  if (snprintf(real + end, PATH_MAX - end, "%s%s", end == 1 ? "" : "/", name) >= (int)(PATH_MAX - end)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  return 0;
}

/** A directory that is this user's and nobody else may look into. */
static int own_folder(const char *folder, int make) {
  struct stat found;
  if (make && mkdir(folder, 0700) != 0 && errno != EEXIST) return -1;
  if (lstat(folder, &found) != 0) return -1;
  if (S_ISDIR(found.st_mode) && found.st_uid == geteuid() && !(found.st_mode & 077)) return 0;
  errno = EPERM;
  return -1;
}

/** Where flags are: readers use one place, writers look in all. */
enum place { PLACE_RUNTIME, PLACE_SYSTEM, PLACE_TMP };

/** The value of XDG_RUNTIME_DIR, if it is one. */
static const char *runtime_folder(void) {
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  return runtime && runtime[0] == '/' ? runtime : NULL;
}

/** The folder of all flags in one place, verified folder by folder. */
static int flag_folder(enum place place, char *folder, int make) {
  const unsigned long uid = geteuid();
  const char *runtime = runtime_folder();
  int length;
  if (place == PLACE_RUNTIME) {
    size_t end = runtime ? strlen(runtime) : 0;
    while (end > 1 && runtime[end - 1] == '/') end--;
    length = snprintf(folder, PATH_MAX, "%.*s", (int)end, runtime ? runtime : "");
  } else
    length = snprintf(folder, PATH_MAX, place == PLACE_SYSTEM ? "/run/user/%lu" : "/tmp/holdfast-%lu", uid);
  if (length <= 0 || length + 90 >= PATH_MAX) {
    errno = length > 0 ? ENAMETOOLONG : ENOENT;
    return -1;
  }
  if (own_folder(folder, make && place == PLACE_TMP) != 0) return -1;
  if (place != PLACE_TMP) {
    strcat(folder, "/holdfast");
    if (own_folder(folder, make) != 0) return -1;
  }
  strcat(folder, "/v1");
  return own_folder(folder, make);
}

static int find_flag(enum place place, const char *path, char *flag_path, int make) {
  char real[PATH_MAX], hex[65];
  if (real_path(path, real) != 0 || flag_folder(place, flag_path, make) != 0) return -1;
  hash_hex(real, hex);
  strcat(flag_path, "/");
  strcat(flag_path, hex);
  return 0;
}

static enum place reader_place(void) { return runtime_folder() ? PLACE_RUNTIME : PLACE_TMP; }

int holdfast_flag_path(const char *path, char *flag_path) { return find_flag(reader_place(), path, flag_path, 0); }

static int open_flag(const char *flag_path, int flags) {
  flags |= O_RDWR | O_NOFOLLOW | O_CLOEXEC;
  /* Sticky: whoever cleans the place of old files leaves it (XDG Base Directory Specification). */
  const int fd = open(flag_path, flags | O_NONBLOCK, 01600);
  /* Somebody looks, by a lease, whether a reader is left, and lets go at once: this is waited for. */
  return fd < 0 && errno == EAGAIN ? open(flag_path, flags, 01600) : fd;
}

static int is_own_file(int fd, struct stat *found) {
  if (fstat(fd, found) != 0) return 0;
  if (S_ISREG(found->st_mode) && found->st_uid == geteuid() && !(found->st_mode & 077)) return 1;
  errno = EPERM;
  return 0;
}

/** Whoever has the lock removes; only what it has open. */
static int remove_flag(int fd, const char *flag_path) {
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK ? 0 : -1;
  struct stat open, there;
  int result = 0;
  if (fstat(fd, &open) == 0 && lstat(flag_path, &there) == 0 && open.st_ino == there.st_ino && open.st_dev == there.st_dev)
    result = unlink(flag_path);
  const int why = errno;
  flock(fd, LOCK_UN);
  errno = why;
  return result;
}

int holdfast_flag_open(struct holdfast_flag *flag, const char *path) {
  char flag_path[PATH_MAX];
  flag->byte = &never_stale;
  flag->fd = -1;
  if (find_flag(reader_place(), path, flag_path, 1) != 0) return -1;
  for (int tries = 0;; tries++) {
    struct stat found;
    const int fd = open_flag(flag_path, O_CREAT);
    if (fd < 0) return -1;
    /* Byte 0 gets its page without being changed. */
    ssize_t written = -1;
    void *mapped = MAP_FAILED;
    if (is_own_file(fd, &found) && (written = pwrite(fd, "", 1, 1)) == 1) mapped = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED || fstat(fd, &found) != 0) {
      const int why = written == 0 ? ENOSPC : errno;
      close(fd);
      errno = why;
      return -1;
    }
    flag->byte = mapped;
    flag->fd = fd;
    /* One that is being raised, or whose writer has died over it. After some tries it is taken as it is: stale at the next check. */
    if ((found.st_nlink > 0 && !holdfast_flag_stale(flag)) || tries >= 8) return 0;
    (void)remove_flag(fd, flag_path);
    holdfast_flag_close(flag);
  }
}

void holdfast_flag_close(struct holdfast_flag *flag) {
  if (flag->byte != &never_stale) munmap((void *)flag->byte, 1);
  if (flag->fd >= 0) close(flag->fd);
  flag->byte = &never_stale;
  flag->fd = -1;
}

static int raise_in(enum place place, const char *path) {
  char flag_path[PATH_MAX];
  if (find_flag(place, path, flag_path, 0) != 0) {
    /* Nobody has said that there are flags. */
    const int guessed = place == PLACE_SYSTEM && errno == EPERM;
    return errno == ENOENT || guessed ? 0 : -1;
  }
  const int fd = open_flag(flag_path, 0);
  if (fd < 0) return errno == ENOENT ? 0 : -1;
  struct stat found;
  int result = -1;
  if (is_own_file(fd, &found)) {
    const int set = pwrite(fd, "\1", 1, 0) == 1;
    /* Without room for byte 0 nobody has mapped it: the removal tells. */
    if (set || (fstat(fd, &found) == 0 && found.st_size == 0)) {
      result = remove_flag(fd, flag_path);
      if (!set && fstat(fd, &found) == 0 && found.st_size > 0 && pwrite(fd, "\1", 1, 0) != 1) result = -1;
    }
  }
  const int why = errno;
  close(fd);
  errno = why;
  return result;
}

int holdfast_flag_raise(const char *path) {
  int result = 0, why = 0;
  for (enum place place = PLACE_RUNTIME; place <= PLACE_TMP; place++)
    if (raise_in(place, path) != 0) {
      result = -1;
      why = errno;
    }
  errno = why;
  return result;
}
