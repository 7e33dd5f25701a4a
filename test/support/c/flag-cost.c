/* flag-cost FILE ROUNDS: nanoseconds of a check, of a stat of the file, and of reopening its flag; a line of three numbers a round. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "holdfast-flag.h"

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1e9 + at.tv_nsec;
}

int main(int argc, char **argv) {
  enum { CHECKS = 2000000, STATS = 50000, REOPENS = 2000 };
  if (argc != 3) return 2;
  struct holdfast_flag flag;
  if (holdfast_flag_open(&flag, argv[1]) != 0) {
    perror("holdfast_flag_open");
    return 1;
  }
  for (int rounds = atoi(argv[2]); rounds > 0; rounds--) {
    struct stat found;
    int stale = 0;
    const double began = now();
    for (int i = 0; i < CHECKS; i++) stale += holdfast_flag_stale(&flag);
    const double checked = now();
    for (int i = 0; i < STATS; i++) stale += stat(argv[1], &found);
    const double looked = now();
    for (int i = 0; i < REOPENS; i++) {
      holdfast_flag_close(&flag);
      stale += holdfast_flag_open(&flag, argv[1]);
    }
    const double reopened = now();
    if (stale) return 1;
    printf("%.3f %.1f %.1f\n", (checked - began) / CHECKS, (looked - checked) / STATS, (reopened - looked) / REOPENS);
  }
  return 0;
}
