/*
 * holdfast-reopen: restarts or signals a command whenever one of the files that it names is published anew.
 *
 *     holdfast-reopen [--restart [--grace SECONDS] | --signal SIGNAL] FILE... -- COMMAND [ARGUMENT...]
 *
 * Sleeps in poll(2) until a flag changes (inotify), the command ends or a signal comes. Its exit status is the command's; if a signal
 * ended the command, the same signal ends it. 125: it could not begin; 126, 127: the command could not be run, as in a shell.
 * Signals that it gets are passed on; not those of the terminal's keys and size, which reach the command without its help, and not
 * those of `own`. MIT license.
 */
#define _GNU_SOURCE
#include "holdfast-flag.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct followed {
  const char *path;
  struct holdfast_flag flag;
  int watch;
  /** Has no flag, or one that cannot be got rid of: looked at again after a while. */
  int lame;
};

static const struct {
  const char *name;
  int number;
} signals[] = {{"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
               {"TERM", SIGTERM}, {"CONT", SIGCONT}, {"ALRM", SIGALRM}, {"WINCH", SIGWINCH}};
enum { SIGNALS = sizeof signals / sizeof *signals };

/** Not passed on: what stops a process, what tells of its own doings and faults, and SIGCHLD. */
static const int own[] = {SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE, SIGXCPU, SIGXFSZ,
                          SIGILL,  SIGTRAP, SIGBUS,  SIGFPE,  SIGSEGV, SIGSYS};

/** Milliseconds until a flag that could not be had is tried again. */
enum { RETRY = 200 };

static struct followed *files;
static int file_count;
static int events;
static pid_t child = -1;
static sigset_t outside;

static void say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("holdfast-reopen: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}

static void usage(const char *wrong) {
  say("%s", wrong);
  fputs("usage: holdfast-reopen [--restart [--grace SECONDS] | --signal SIGNAL] FILE... -- COMMAND [ARGUMENT...]\n", stderr);
  exit(125);
}

static long long now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000LL + at.tv_nsec / 1000000;
}

static int signal_number(const char *text) {
  if (strncmp(text, "SIG", 3) == 0) text += 3;
  for (int i = 0; i < SIGNALS; i++)
    if (strcmp(signals[i].name, text) == 0) return signals[i].number;
  char *end;
  const long number = strtol(text, &end, 10);
  return *text && !*end && number > 0 && number < NSIG ? (int)number : -1;
}

/** Raised; or it has lost its name, as when the runtime directory is emptied, and no writer finds it. */
static int is_used(const struct followed *file) {
  struct stat found;
  return holdfast_flag_stale(&file->flag) || fstat(file->flag.fd, &found) != 0 || found.st_nlink == 0;
}

/** The new flag is there before the command reads the file again. */
static int follow(struct followed *file) {
  char link[64];
  file->watch = -1;
  file->lame = 1;
  if (holdfast_flag_open(&file->flag, file->path) != 0) return -1;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file->flag.fd);
  file->watch = inotify_add_watch(events, link, IN_ATTRIB | IN_MODIFY | IN_MOVE_SELF);
  if (file->watch < 0) {
    const int why = errno;
    holdfast_flag_close(&file->flag);
    errno = why;
    return -1;
  }
  /* It may have been raised before the watch was there. */
  file->lame = is_used(file);
  return 0;
}

static void leave(struct followed *file) {
  /* The kernel has removed the watch if the flag's file is gone. */
  if (file->watch >= 0) inotify_rm_watch(events, file->watch);
  holdfast_flag_close(&file->flag);
}

/** Whether anything was published since the last time. */
static int follow_published(void) {
  int published = 0;
  for (int i = 0; i < file_count; i++) {
    struct followed *file = &files[i];
    const int had = file->flag.fd >= 0;
    if (had && !is_used(file)) continue;
    leave(file);
    /* What happened while there was no flag is not known: once there is one, the file counts as published. */
    if (follow(file) == 0)
      published |= !file->lame;
    else if (had)
      say("%s: cannot be followed for now: %s", file->path, strerror(errno));
  }
  return published;
}

static int any_lame(void) {
  for (int i = 0; i < file_count; i++)
    if (files[i].lame) return 1;
  return 0;
}

/** errno of what kept the command from running; 0: it runs. */
static int start(char **command) {
  int tell[2];
  if (pipe2(tell, O_CLOEXEC) != 0) return errno;
  child = fork();
  if (child < 0) {
    const int why = errno;
    close(tell[0]);
    close(tell[1]);
    return why;
  }
  if (child == 0) {
    sigprocmask(SIG_SETMASK, &outside, NULL);
    execvp(command[0], command);
    const int why = errno;
    if (write(tell[1], &why, sizeof why) != sizeof why) _exit(126);
    _exit(127);
  }
  close(tell[1]);
  int why = 0;
  ssize_t length;
  do length = read(tell[0], &why, sizeof why);
  while (length < 0 && errno == EINTR);
  close(tell[0]);
  return length == sizeof why ? why : 0;
}

/** Ends as the command has ended. */
static void end_as(int status) {
  if (WIFEXITED(status)) exit(WEXITSTATUS(status));
  const int number = WTERMSIG(status);
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  signal(number, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  raise(number);
  sigprocmask(SIG_UNBLOCK, &only, NULL);
  exit(128 + number);
}

static void must_start(char **command) {
  const int why = start(command);
  if (why == 0) return;
  say("%s: %s", command[0], strerror(why));
  exit(why == ENOENT ? 127 : 126);
}

int main(int argc, char **argv) {
  int number = 0, restart = 0, at = 1;
  long grace = 10;
  for (; at < argc && strncmp(argv[at], "--", 2) == 0 && argv[at][2]; at++) {
    if (strcmp(argv[at], "--restart") == 0)
      restart = 1;
    else if (strcmp(argv[at], "--signal") == 0 && at + 1 < argc) {
      number = signal_number(argv[++at]);
      if (number < 0) usage("there is no such signal");
    } else if (strcmp(argv[at], "--grace") == 0 && at + 1 < argc) {
      char *end;
      grace = strtol(argv[++at], &end, 10);
      if (*end || grace < 0 || grace > 86400) usage("--grace wants seconds");
    } else
      usage("what it was called with is not understood");
  }
  if (restart && number) usage("either --restart or --signal");
  const int first = at;
  while (at < argc && strcmp(argv[at], "--") != 0) at++;
  file_count = at - first;
  if (file_count == 0) usage("no file is named");
  if (at + 1 >= argc) usage("no command is named");
  char **command = argv + at + 1;

  events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  files = calloc((size_t)file_count, sizeof *files);
  if (events < 0 || !files) {
    say("inotify: %s", strerror(errno));
    return 125;
  }
  for (int i = 0; i < file_count; i++) {
    files[i].path = argv[first + i];
    if (follow(&files[i]) == 0) continue;
    say("%s: cannot be followed: %s", files[i].path, strerror(errno));
    return 125;
  }

  sigset_t taken;
  sigfillset(&taken);
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) sigdelset(&taken, own[i]);
  sigaddset(&taken, SIGCHLD);
  sigprocmask(SIG_BLOCK, &taken, &outside);
  /* If SIGCHLD is ignored, as it can be inherited, nobody would learn of the command's end. */
  signal(SIGCHLD, SIG_DFL);
  const int arrived = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
  if (arrived < 0) {
    say("signalfd: %s", strerror(errno));
    return 125;
  }
  must_start(command);

  int stopping = 0, ending = 0;
  long long killed_at = 0;
  for (;;) {
    long long wait = -1;
    if (any_lame()) wait = RETRY;
    if (stopping && killed_at) {
      const long long left = killed_at > now() ? killed_at - now() : 0;
      if (wait < 0 || left < wait) wait = left;
    }
    struct pollfd on[] = {{.fd = arrived, .events = POLLIN}, {.fd = events, .events = POLLIN}};
    if (poll(on, 2, (int)wait) < 0 && errno != EINTR) {
      say("poll: %s", strerror(errno));
      kill(child, SIGTERM);
      return 125;
    }

    struct signalfd_siginfo came;
    while (read(arrived, &came, sizeof came) == sizeof came) {
      const int which = (int)came.ssi_signo;
      if (which == SIGCHLD) continue;
      /* The terminal sends these to the whole group: the command has them already. That it has hung up is told to the session's
         leader alone (SIGHUP, SIGCONT), which we may be. */
      const int everybodys = which == SIGINT || which == SIGQUIT || which == SIGWINCH;
      if (came.ssi_code != SI_KERNEL || !everybodys) kill(child, which);
      /* Whoever ends the command does not want it again. */
      if (which == SIGTERM || (stopping && (which == SIGINT || which == SIGQUIT || which == SIGHUP))) ending = 1;
    }
    int status, ended = 0;
    /* As process 1 it has other people's children, too. */
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != child) continue;
      if (!stopping || ending) end_as(status);
      ended = 1;
    }

    char text[4096];
    while (read(events, text, sizeof text) > 0) continue;
    const int published = follow_published();
    if (ended) {
      stopping = 0;
      must_start(command);
    } else if (published && number)
      kill(child, number);
    else if (published && !stopping) {
      stopping = 1;
      killed_at = now() + grace * 1000;
      kill(child, SIGTERM);
      kill(child, SIGCONT);
    } else if (stopping && killed_at && now() >= killed_at) {
      kill(child, SIGKILL);
      killed_at = 0;
    }
  }
}
