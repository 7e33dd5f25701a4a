/*
 * Opens, reads and closes a file as fast as it can: a program that looks at a file all the time, and remembers nothing.
 *   reader-loop FILE
 * Says READY when it has read it once. Ends with standard input.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  static char bytes[1 << 20];
  struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
  for (int ready = 0; poll(&input, 1, 0) == 0;) {
    int fd = open(argv[1], O_RDONLY);
    if (fd < 0) { perror(argv[1]); return 1; }
    while (read(fd, bytes, sizeof bytes) > 0);
    close(fd);
    if (!ready++) { puts("READY"); fflush(stdout); }
  }
  return 0;
}
