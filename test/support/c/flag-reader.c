/*
 * flag-reader DATA FLOOR LAST SEED [tell]: reads DATA again and again, as its flag says and, if SEED is odd, now and then without, until it has generation LAST.
 * With `tell` it says every generation that it has got, and does something else for a moment before each check.
 * FLOOR names the newest generation whose flag was raised: after a check, an older one must not be held. See flags/load.ts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "holdfast-flag.h"

static long checks, reopens, torn, stale;

static long first_line(const char *path) {
  FILE *file = fopen(path, "r");
  long value = -1;
  if (!file || fscanf(file, "%ld", &value) != 1) value = -1;
  if (file) fclose(file);
  return value;
}

static long read_data(const char *path) {
  FILE *file = fopen(path, "r");
  char first[32] = "", line[32];
  int lines = 0, other = 0;
  while (file && fgets(line, sizeof line, file)) {
    if (lines++ == 0) strcpy(first, line);
    other += strcmp(first, line) != 0;
  }
  if (file) fclose(file);
  if (lines != 50 || other) torn++;
  return atol(first);
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const int tell = argc > 5;
  const long last = atol(argv[3]);
  const long seed = atol(argv[4]);
  srandom((unsigned)seed);
  struct holdfast_flag flag;
  if (holdfast_flag_open(&flag, argv[1]) != 0) {
    perror("holdfast_flag_open");
    return 1;
  }
  long held = read_data(argv[1]);
  puts("READY");
  fflush(stdout);
  for (;;) {
    if (tell) usleep((unsigned)(random() % 20000));
    const long floor = first_line(argv[2]);
    const int again = holdfast_flag_stale(&flag) || (seed % 2 && random() % 1000 == 0);
    checks++;
    if (again) {
      holdfast_flag_close(&flag);
      if (holdfast_flag_open(&flag, argv[1]) != 0) {
        perror("holdfast_flag_open");
        return 1;
      }
      held = read_data(argv[1]);
      reopens++;
      if (tell) {
        printf("%ld\n", held);
        fflush(stdout);
      }
    }
    if (held < floor) stale++;
    if (held >= last) break;
  }
  printf("%ld %ld %ld %ld\n", checks, reopens, torn, stale);
  return 0;
}
