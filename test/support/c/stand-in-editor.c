/*
 * Writes files as VS Code does: open with truncation, write, fdatasync, close. Says READY, then answers each line of
 * standard input:
 *   save FILE LENGTH CHARACTER CHUNK   writes LENGTH bytes, CHUNK at a time; says SAVED or ERROR <errno>
 *   put FILE SOURCE CHUNK              the same with the bytes of another file
 *   open FILE                          opens and truncates; says OPENED
 *   write LENGTH CHARACTER             goes on with what `open` opened; says WRITTEN
 *   close                              syncs and closes it; says CLOSED
 * Ends with standard input. Handles SIGCHLD as libuv does.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int write_bytes(int fd, long length, char character, long chunk) {
  char *bytes = malloc(chunk);
  if (bytes == NULL) return -1;
  memset(bytes, character, chunk);
  while (length > 0) {
    ssize_t written = write(fd, bytes, length < chunk ? length : chunk);
    if (written < 0) break;
    length -= written;
  }
  free(bytes);
  return length == 0 ? 0 : -1;
}

static int copy_bytes(int fd, const char *source, long chunk) {
  char *bytes = malloc(chunk);
  int from = open(source, O_RDONLY | O_CLOEXEC);
  ssize_t length = -1;
  while (bytes != NULL && from >= 0 && (length = read(from, bytes, chunk)) > 0)
    if (write(fd, bytes, length) != length) {
      length = -1;
      break;
    }
  free(bytes);
  if (from >= 0) close(from);
  return length == 0 ? 0 : -1;
}

static void say(int failed, const char *good) {
  if (failed) printf("ERROR %d\n", errno);
  else puts(good);
  fflush(stdout);
}

static void hear(int signal) { (void)signal; }

int main(void) {
  struct sigaction action = { .sa_handler = hear, .sa_flags = SA_RESTART };
  sigaction(SIGCHLD, &action, NULL);
  char line[16384], path[4096], source[4096], character;
  long length, chunk;
  int fd = -1;
  puts("READY");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "save %4095s %ld %c %ld", path, &length, &character, &chunk) == 4) {
      fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
      int failed = fd < 0 || write_bytes(fd, length, character, chunk) < 0 || fdatasync(fd) < 0 || close(fd) < 0;
      say(failed, "SAVED");
    } else if (sscanf(line, "put %4095s %4095s %ld", path, source, &chunk) == 3) {
      fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
      int failed = fd < 0 || copy_bytes(fd, source, chunk) < 0 || fdatasync(fd) < 0 || close(fd) < 0;
      say(failed, "SAVED");
    } else if (sscanf(line, "open %4095s", path) == 1) {
      fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
      say(fd < 0, "OPENED");
    } else if (sscanf(line, "write %ld %c", &length, &character) == 2) {
      say(write_bytes(fd, length, character, 65536) < 0, "WRITTEN");
    } else if (strncmp(line, "close", 5) == 0) {
      int failed = fdatasync(fd) < 0 || close(fd) < 0;
      say(failed, "CLOSED");
    }
  }
  return 0;
}
