/*
 * Logs every change of names and contents in a folder, completely: the kernel's own queue, no merging by a library.
 *   inotify-log FOLDER-OR-FILE…
 * Says READY, then a line "EVENT NAME" for each event, until standard input ends. OVERFLOW if the kernel lost some. For a file that
 * was given itself, the name is what was given, and the inode is what is watched.
 */
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

static const struct { unsigned bit; const char *name; } kinds[] = {
  { IN_CREATE, "create" }, { IN_DELETE, "delete" }, { IN_MOVED_FROM, "from" }, { IN_MOVED_TO, "to" },
  { IN_MODIFY, "modify" }, { IN_CLOSE_WRITE, "written" }, { IN_Q_OVERFLOW, "OVERFLOW" },
};

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  unsigned mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE | IN_EXCL_UNLINK;
  if (fd < 0) { perror("inotify_init1"); return 1; }
  // The kernel numbers the watches of an instance from 1.
  for (int i = 1; i < argc; i++)
    if (inotify_add_watch(fd, argv[i], mask) != i) { perror(argv[i]); return 1; }
  puts("READY");
  fflush(stdout);
  struct pollfd polled[2] = { { fd, POLLIN, 0 }, { 0, POLLIN, 0 } };
  static char buffer[1 << 20] __attribute__((aligned(8)));
  for (;;) {
    if (poll(polled, 2, -1) < 0) return 1;
    for (ssize_t length; (length = read(fd, buffer, sizeof buffer)) > 0;) {
      for (char *at = buffer; at < buffer + length;) {
        const struct inotify_event *event = (const void *)at;
        for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
          if (event->mask & kinds[i].bit) printf("%s %s\n", kinds[i].name, event->len ? event->name : event->wd > 0 ? argv[event->wd] : ".");
        at += sizeof *event + event->len;
      }
    }
    fflush(stdout);
    if (polled[1].revents) return 0;
  }
}
