/*
 * Starts `bash FILE` every few milliseconds, and counts how often it did not run one whole version.
 *   script-starter MILLISECONDS FILE
 * What it is told and answers: save-counts.h. A version prints "first VERSION" and "last VERSION", and nothing else.
 * Not more than MOST run at the same time: on a slow machine some starts are left out.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "save-counts.h"

enum { MOST = 12, STDIN = 0, TIMER = 1, RUNS = 2 };

static struct run {
  pid_t pid;
  moment began;
  size_t length;
  char output[160];
} runs[MOST];
static struct pollfd polled[RUNS + MOST];
static struct table table;

static void start(const char *path, moment now) {
  int i = 0, ends[2];
  while (i < MOST && runs[i].pid) i++;
  if (i == MOST) return;
  if (pipe2(ends, O_CLOEXEC) < 0) { perror("pipe"); exit(1); }
  pid_t pid = fork();
  if (pid < 0) { perror("fork"); exit(1); }
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, 0);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    execlp("bash", "bash", path, NULL);
    _exit(127);
  }
  close(ends[1]);
  runs[i] = (struct run){ .pid = pid, .began = now };
  polled[RUNS + i] = (struct pollfd){ .fd = ends[0], .events = POLLIN };
}

static enum finding judge(struct run *run, int status) {
  char expected[80];
  long version = -1;
  if (run->length == 0 && status == 0) return EMPTY;
  if (WIFEXITED(status) && WEXITSTATUS(status) >= 126) return FAILED;
  sscanf(run->output, "first %ld", &version);
  snprintf(expected, sizeof expected, "first %08ld\nlast %08ld\n", version, version);
  if (status != 0 || strcmp(run->output, expected)) return TORN;
  return WHOLE;
}

/* Takes what a script has written; what it did is judged when it has ended. */
static void take(int i, moment now) {
  struct run *run = &runs[i];
  size_t room = sizeof run->output - 1 - run->length;
  char rest[4096];
  ssize_t got = read(polled[RUNS + i].fd, room ? run->output + run->length : rest, room ? room : sizeof rest);
  if (got > 0) {
    if (room) run->length += got;
    return;
  }
  int status;
  if (got < 0 || waitpid(run->pid, &status, 0) < 0) { perror("script-starter"); exit(1); }
  enum finding finding = judge(run, status);
  char example[sizeof run->output + 20];
  snprintf(example, sizeof example, "status %x: %s", (unsigned)status, run->output);
  count(&table, run->began, now, finding, example);
  close(polled[RUNS + i].fd);
  polled[RUNS + i].fd = -1;
  run->pid = 0;
}

/* Whether a script still runs that was started before the last save's end, which is now. */
static int any_older(moment now) {
  for (int i = 0; i < MOST; i++)
    if (runs[i].pid && runs[i].began < now) return 1;
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  long every = atol(argv[1]) * 1000000;
  const struct itimerspec times = { { 0, every }, { 0, every } };
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  if (timer < 0 || timerfd_settime(timer, 0, &times, NULL) < 0) { perror("timerfd"); return 1; }
  setvbuf(stdin, NULL, _IONBF, 0);
  for (int i = 0; i < RUNS + MOST; i++) polled[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
  polled[STDIN].fd = 0;
  polled[TIMER].fd = timer;
  moment now = first_moment();
  int stopping = 0, ending = 0;
  say("READY");
  while (!stopping || any_older(next_moment(now, 0))) {
    if (poll(polled, RUNS + MOST, -1) < 0) return 1;
    for (int i = 0; i < MOST; i++)
      if (polled[RUNS + i].fd >= 0 && polled[RUNS + i].revents) take(i, now);
    if (ending && !any_older(now)) {
      ending = 0;
      say_ended(broken_during(&table, class_at(now)));
    }
    unsigned long expired;
    if (polled[TIMER].revents && read(timer, &expired, sizeof expired) > 0 && !stopping) start(argv[2], now);
    if (!polled[STDIN].revents) continue;
    char line[32];
    if (!fgets(line, sizeof line, stdin) || strcmp(line, "stop\n") == 0) {
      stopping = 1;
      polled[STDIN].fd = polled[TIMER].fd = -1;
      polled[STDIN].revents = polled[TIMER].revents = 0;
    } else if (strncmp(line, "begin ", 6) == 0) {
      now = next_moment(now, atoi(line + 6));
      say("OK");
    } else {
      now = next_moment(now, class_at(now));
      ending = 1;
    }
  }
  print_table(&table);
  return 0;
}
