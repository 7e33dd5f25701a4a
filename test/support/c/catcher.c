/* catcher [PIDFILE [WORKERS [MAPPED]]]: maps a file, says READY, then "hup" for each SIGHUP, as a server with workers does that reads its configuration again. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  struct sigaction action = {.sa_handler = SIG_DFL};
  /* That it waits for it is to be seen in /proc: it has a handler, though sigwait takes it. */
  action.sa_handler = (void (*)(int))exit;
  sigaction(SIGHUP, &action, NULL);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int workers = argc > 2 ? atoi(argv[2]) : 0;
  pid_t master = getpid();
  for (int i = 0; i < workers; i++) {
    if (fork() == 0) {
      /* It ends with its master. */
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (getppid() == master) pause();
      return 0;
    }
  }
  if (argc > 1) {
    FILE *file = fopen(argv[1], "w");
    if (file == NULL) return 1;
    fprintf(file, "%d\n", (int)getpid());
    fclose(file);
  }
  if (argc > 3) {
    int mapped = open(argv[3], O_RDONLY);
    if (mapped < 0 || mmap(NULL, 1, PROT_READ, MAP_PRIVATE, mapped, 0) == MAP_FAILED) return 1;
    close(mapped);
  }
  puts("READY");
  fflush(stdout);
  for (int got; sigwait(&set, &got) == 0;) {
    puts("hup");
    fflush(stdout);
  }
  return 0;
}
