/*
 * Has a file open in a process whose first thread has ended.
 *   leaderless FILE
 * Says READY, in its other thread. Ends with standard input.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *stay(void *first) {
  pthread_join(*(pthread_t *)first, NULL);
  puts("READY");
  fflush(stdout);
  while (getchar() != EOF) {}
  exit(0);
}

int main(int argc, char **argv) {
  static pthread_t first;
  pthread_t second;
  if (argc != 2 || open(argv[1], O_RDONLY) < 0) return 2;
  first = pthread_self();
  if (pthread_create(&second, NULL, stay, &first) != 0) return 1;
  pthread_exit(NULL);
}
