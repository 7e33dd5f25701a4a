/* Prints the first line of its configuration every second, and reads it again when it was published anew. */
#include "holdfast-flag.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void read_configuration(const char *path, char *line, int size) {
  FILE *file = fopen(path, "r");
  if (!file || !fgets(line, size, file)) snprintf(line, (size_t)size, "(%s: %s)\n", path, strerror(errno));
  if (file) fclose(file);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s CONFIGURATION\n", argv[0]);
    return 2;
  }
  for (;;) {
    struct holdfast_flag flag;
    char line[256];
    if (holdfast_flag_open(&flag, argv[1]) != 0)
      fprintf(stderr, "%s: new versions will not be seen: %s\n", argv[1], strerror(errno));
    read_configuration(argv[1], line, sizeof line);
    while (!holdfast_flag_stale(&flag)) {
      fputs(line, stdout);
      fflush(stdout);
      sleep(1); /* Here: serve a request. */
    }
    holdfast_flag_close(&flag);
  }
}
