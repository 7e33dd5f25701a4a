/*
 * Opens, reads and closes a file as fast as it can, and counts how often it was not one whole version.
 *   torn-reader read READERS REST 0 FILE
 *   torn-reader map READERS REST KEEP FILE   maps it and keeps it for KEEP milliseconds, looking at it all the while
 * The readers are processes. REST milliseconds after a save's end they rest until the next one begins, so that they
 * leave the processors to the editor while nothing is to be seen. What it is told and answers: save-counts.h.
 *
 * A version is made of lines "l VERSION SIZE ...", VERSION with 8 digits and SIZE, the whole file's, with 10. All are
 * the same, but the last one begins with "e".
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "save-counts.h"

enum { HEAD = 22, READERS_MOST = 64, LONGEST = 64 << 20 };

static struct shared {
  _Atomic moment now;
  atomic_bool stopping;
  struct table tables[READERS_MOST];
} *shared;

static const char *path;
static long rest_ms, keep_ms;
static char why[160];
static char *buffer;
static sigjmp_buf beyond;

static void on_sigbus(int signal_number) {
  (void)signal_number;
  siglongjmp(beyond, 1);
}

/* The number in so many digits, or -1. */
static long number(const char *digits, int length) {
  long value = 0;
  for (int i = 0; i < length; i++) {
    if (digits[i] < '0' || digits[i] > '9') return -1;
    value = value * 10 + digits[i] - '0';
  }
  return value;
}

static enum finding torn_at(const char *bytes, size_t at, size_t line) {
  const char *other = bytes + at / line * line;
  snprintf(why, sizeof why, "line %zu is <%.*s>, the first <%.*s>", at / line + 1, HEAD, other, HEAD, bytes);
  return TORN;
}

/* Whether these bytes are one whole version, and which. */
static enum finding judge(const char *bytes, size_t length, long *version) {
  if (length == 0) {
    snprintf(why, sizeof why, "no bytes");
    return EMPTY;
  }
  const char *end_of_line = memchr(bytes, '\n', length);
  size_t line = end_of_line ? (size_t)(end_of_line - bytes) + 1 : 0;
  long promised = line > HEAD ? number(bytes + 11, 10) : -1;
  *version = line > HEAD ? number(bytes + 2, 8) : -1;
  if (promised != (long)length || *version < 0 || length % line || length < 2 * line) {
    snprintf(why, sizeof why, "%zu bytes that begin with <%.*s>", length, length < HEAD ? (int)length : HEAD, bytes);
    return TORN;
  }
  size_t last = length - line;
  if (memcmp(bytes, bytes + line, last - line)) {
    size_t at = line;
    while (at < last && bytes[at] == bytes[at - line]) at++;
    return torn_at(bytes, at, line);
  }
  int ended = bytes[0] == 'l' && bytes[last] == 'e' && memcmp(bytes + 1, bytes + last + 1, line - 1) == 0;
  return ended ? WHOLE : torn_at(bytes, last, line);
}

static enum finding failed(const char *call) {
  snprintf(why, sizeof why, "%s: %s", call, strerror(errno));
  return FAILED;
}

static enum finding look_by_read(long *version) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("open");
  size_t length = 0;
  ssize_t got;
  while ((got = read(fd, buffer + length, LONGEST - length)) > 0) length += got;
  enum finding finding = got < 0 ? failed("read") : judge(buffer, length, version);
  close(fd);
  return finding;
}

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/* Looks at the mapping until its time is over. It must stay the version that it was. */
static enum finding watch_mapping(const char *map, size_t length, long *version) {
  double until = milliseconds() + keep_ms;
  long now;
  if (sigsetjmp(beyond, 1)) {
    snprintf(why, sizeof why, "SIGBUS in a mapping of version %ld, %zu bytes", *version, length);
    return TORN;
  }
  enum finding finding = judge(map, length, version);
  const struct timespec pause = { 0, 1000000 };
  while (finding == WHOLE && milliseconds() < until && !shared->stopping) {
    nanosleep(&pause, NULL);
    finding = judge(map, length, &now);
    if (finding == WHOLE && now != *version) {
      snprintf(why, sizeof why, "a mapping of version %ld became %ld", *version, now);
      finding = TORN;
    }
  }
  return finding;
}

static enum finding look_by_map(long *version) {
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("open");
  if (fstat(fd, &st) < 0 || st.st_size == 0) {
    close(fd);
    return judge("", 0, version);
  }
  char *map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (map == MAP_FAILED) return failed("mmap");
  enum finding finding = watch_mapping(map, st.st_size, version);
  munmap(map, st.st_size);
  return finding;
}

static void go_on(moment now) {
  shared->now = now;
  syscall(SYS_futex, &shared->now, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Looks until it is stopped. Once a save it says that it does nothing any more that is older than the save's end. */
static void reader(struct table *table, int passed, enum finding (*look)(long *)) {
  moment said = first_moment();
  double rests_at = 0;
  long highest = 0;
  for (;;) {
    long version = 0;
    moment began = shared->now;
    enum finding finding = look(&version);
    moment ended = shared->now;
    if (shared->stopping) exit(0);
    if (finding == WHOLE && version < highest) {
      snprintf(why, sizeof why, "version %ld after version %ld", version, highest);
      finding = BACKWARDS;
    } else if (finding == WHOLE) {
      highest = version;
    }
    count(table, began, ended, finding, why);
    if (saving_at(ended)) continue;
    if (ended != said) {
      said = ended;
      rests_at = milliseconds() + rest_ms;
      if (write(passed, "", 1) != 1) exit(1);
    } else if (milliseconds() > rests_at) {
      syscall(SYS_futex, &shared->now, FUTEX_WAIT, ended, NULL, NULL, 0);
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  int readers = atoi(argv[2]);
  rest_ms = atol(argv[3]);
  keep_ms = atol(argv[4]);
  path = argv[5];
  if (readers < 1 || readers > READERS_MOST) return 2;
  int passed[2];
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED || pipe(passed) < 0) { perror("torn-reader"); return 1; }
  shared->now = first_moment();
  signal(SIGBUS, on_sigbus);
  for (int i = 0; i < readers; i++) {
    pid_t child = fork();
    if (child < 0) { perror("fork"); return 1; }
    if (child > 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    buffer = malloc(LONGEST);
    if (!buffer) return 1;
    reader(&shared->tables[i], passed[1], strcmp(argv[1], "map") == 0 ? look_by_map : look_by_read);
  }
  close(passed[1]);
  say("READY");

  char line[32], answers[READERS_MOST];
  while (fgets(line, sizeof line, stdin)) {
    if (strncmp(line, "begin ", 6) == 0) {
      go_on(next_moment(shared->now, atoi(line + 6)));
    } else if (strcmp(line, "end\n") == 0) {
      shared->now = next_moment(shared->now, class_at(shared->now));
      for (int all = 0; all < readers;) {
        ssize_t got = read(passed[0], answers, readers - all);
        if (got <= 0) return 1;
        all += got;
      }
      unsigned long broken = 0;
      for (int i = 0; i < readers; i++) broken += broken_during(&shared->tables[i], class_at(shared->now));
      say_ended(broken);
      continue;
    } else {
      break;
    }
    say("OK");
  }
  shared->stopping = 1;
  go_on(next_moment(shared->now, BEFORE_ALL));
  while (wait(NULL) > 0) {}
  struct table sum = { 0 };
  for (int i = 0; i < readers; i++) add(&sum, &shared->tables[i]);
  print_table(&sum);
  return 0;
}
