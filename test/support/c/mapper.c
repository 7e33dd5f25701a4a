/*
 * Maps a file and keeps it: a holder of class "mapped".
 *   mapper private|shared|stored FILE
 * stored: as shared, and so that it could store into it.
 * Says READY, then for each line on standard input reads all bytes through the mapping and says
 *   SUM <sum of bytes> or SIGBUS. Ends with standard input.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static sigjmp_buf beyond;

static void on_sigbus(int signal_number) {
  (void)signal_number;
  siglongjmp(beyond, 1);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int stored = strcmp(argv[1], "stored") == 0;
  int flags = stored || strcmp(argv[1], "shared") == 0 ? MAP_SHARED : MAP_PRIVATE;
  int fd = open(argv[2], stored ? O_RDWR : O_RDONLY);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) < 0) { perror(argv[2]); return 1; }
  const volatile unsigned char *map = mmap(NULL, st.st_size, PROT_READ | (stored ? PROT_WRITE : 0), flags, fd, 0);
  if (map == MAP_FAILED) { perror("mmap"); return 1; }
  close(fd);
  signal(SIGBUS, on_sigbus);
  puts("READY");
  fflush(stdout);
  char line[16];
  while (fgets(line, sizeof line, stdin)) {
    if (sigsetjmp(beyond, 1)) {
      puts("SIGBUS");
    } else {
      unsigned long sum = 0;
      for (off_t i = 0; i < st.st_size; i++) sum = sum * 31 + map[i];
      printf("SUM %lu\n", sum);
    }
    fflush(stdout);
  }
  return 0;
}
