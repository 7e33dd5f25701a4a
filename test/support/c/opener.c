/*
 * Opens files and does with them as it is told: a holder of class "open", and another program that writes.
 *   opener
 * Says READY, then answers each line on standard input with one line:
 *   open LETTERS PATH  r read, w write (both: both), t truncate, n do not wait, p O_PATH: OPEN, or the name of the errno
 *   write TEXT         WROTE
 *   map                all of it, until it is closed: MAPPED
 *   send               the descriptor goes into a socket of its own and nowhere else: SENT
 *   close              CLOSED
 * One file is open at a time. Ends with standard input.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int fd = -1;
static void *map = NULL;
static size_t mapped = 0;

static const char *open_it(const char *letters, const char *path) {
  int reads = strchr(letters, 'r') != NULL, writes = strchr(letters, 'w') != NULL;
  int flags = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
  if (strchr(letters, 't')) flags |= O_TRUNC;
  if (strchr(letters, 'n')) flags |= O_NONBLOCK;
  if (strchr(letters, 'p')) flags |= O_PATH;
  fd = open(path, flags);
  return fd < 0 ? strerrorname_np(errno) : "OPEN";
}

static const char *map_it(void) {
  struct stat st;
  if (fstat(fd, &st) < 0) return strerrorname_np(errno);
  void *start = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (start == MAP_FAILED) return strerrorname_np(errno);
  map = start;
  mapped = st.st_size;
  return "MAPPED";
}

static const char *close_it(void) {
  if (map != NULL) munmap(map, mapped);
  map = NULL;
  close(fd);
  return "CLOSED";
}

static const char *send_it(void) {
  static int sockets[2];
  char byte = 0, control[CMSG_SPACE(sizeof fd)];
  struct iovec io = { &byte, 1 };
  struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) < 0) return strerrorname_np(errno);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  if (sendmsg(sockets[0], &message, 0) != 1) return strerrorname_np(errno);
  close(fd);
  return "SENT";
}

int main(void) {
  puts("READY");
  fflush(stdout);
  char line[4096 + 64];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *word = strtok(line, " "), *rest = strtok(NULL, "");
    const char *answer = "what?";
    if (word == NULL) continue;
    if (strcmp(word, "open") == 0 && rest) {
      char *path = strchr(rest, ' ');
      if (path == NULL) return 2;
      *path = 0;
      answer = open_it(rest, path + 1);
    } else if (strcmp(word, "write") == 0 && rest) {
      answer = write(fd, rest, strlen(rest)) < 0 ? strerrorname_np(errno) : "WROTE";
    } else if (strcmp(word, "map") == 0) {
      answer = map_it();
    } else if (strcmp(word, "send") == 0) {
      answer = send_it();
    } else if (strcmp(word, "close") == 0) {
      answer = close_it();
    }
    puts(answer);
    fflush(stdout);
  }
  return 0;
}
