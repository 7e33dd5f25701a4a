/*
 * A disk that remembers in which order it was written: a file system in user space (linux/fuse.h; fs/fuse in the kernel) with one file, `image`,
 * to be mounted through a loop device.
 *   recording-disk MOUNTPOINT IMAGE LOG
 * Says READY. LOG gets, in the machine's order of bytes:
 *   'W', offset (8 bytes), length (4 bytes), the bytes   written, and perhaps only to the memory of a real disk
 *   'F'                                                   all of these have reached the disk
 * Each is there before the kernel hears of it. Ends when it is unmounted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROOT = FUSE_ROOT_ID, IMAGE = 2, MAX_WRITE = 1 << 17 };

static int device, image, record;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void answer(uint64_t unique, int error, const void *payload, size_t length) {
  struct fuse_out_header header = { .len = sizeof header + (error ? 0 : length), .error = -error, .unique = unique };
  struct iovec parts[] = { { &header, sizeof header }, { (void *)payload, error ? 0 : length } };
  /* ENOENT: whoever had asked was killed. */
  if (writev(device, parts, 2) < 0 && errno != ENOENT) fail("answer");
}

static struct fuse_attr attributes(uint64_t node) {
  struct stat st;
  if (fstat(image, &st) < 0) fail("fstat");
  struct fuse_attr found = { .ino = node, .mode = node == ROOT ? S_IFDIR | 0700 : S_IFREG | 0600, .nlink = 1, .blksize = 4096 };
  if (node == IMAGE) found.size = st.st_size, found.blocks = st.st_size / 512;
  return found;
}

static void note(const void *kind, const struct fuse_write_in *in, const void *bytes) {
  uint64_t offset = in ? in->offset : 0;
  uint32_t length = in ? in->size : 0;
  struct iovec parts[] = { { (void *)kind, 1 }, { &offset, sizeof offset }, { &length, sizeof length }, { (void *)bytes, length } };
  ssize_t expected = in ? 1 + sizeof offset + sizeof length + length : 1;
  if (writev(record, parts, in ? 4 : 1) != expected) fail("log");
}

static void write_image(uint64_t unique, const struct fuse_write_in *in) {
  const void *bytes = in + 1;
  if (pwrite(image, bytes, in->size, in->offset) != (ssize_t)in->size) fail("pwrite");
  note("W", in, bytes);
  struct fuse_write_out out = { .size = in->size };
  answer(unique, 0, &out, sizeof out);
}

static void read_image(uint64_t unique, const struct fuse_read_in *in) {
  static char bytes[1 << 20];
  ssize_t length = pread(image, bytes, in->size < sizeof bytes ? in->size : sizeof bytes, in->offset);
  answer(unique, length < 0 ? errno : 0, bytes, length < 0 ? 0 : length);
}

static void serve(const struct fuse_in_header *header) {
  const void *in = header + 1;
  uint64_t node = header->nodeid;
  switch (header->opcode) {
    case FUSE_INIT: {
      const struct fuse_init_in *asked = in;
      struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = asked->max_readahead,
                                   .flags = FUSE_BIG_WRITES, .max_write = MAX_WRITE };
      return answer(header->unique, 0, &out, sizeof out);
    }
    case FUSE_LOOKUP: {
      struct fuse_entry_out out = { .nodeid = IMAGE, .entry_valid = 3600, .attr_valid = 3600, .attr = attributes(IMAGE) };
      return answer(header->unique, strcmp(in, "image") ? ENOENT : 0, &out, sizeof out);
    }
    case FUSE_GETATTR:
    case FUSE_SETATTR: {
      struct fuse_attr_out out = { .attr_valid = 3600, .attr = attributes(node) };
      return answer(header->unique, 0, &out, sizeof out);
    }
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
      struct fuse_open_out out = { 0 };
      return answer(header->unique, 0, &out, sizeof out);
    }
    case FUSE_READ:
      return read_image(header->unique, in);
    case FUSE_WRITE:
      return write_image(header->unique, in);
    case FUSE_FSYNC:
      note("F", NULL, NULL);
      return answer(header->unique, 0, NULL, 0);
    case FUSE_STATFS: {
      struct fuse_statfs_out out = { .st = { .bsize = 4096, .namelen = 255 } };
      return answer(header->unique, 0, &out, sizeof out);
    }
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_READDIR:
    case FUSE_DESTROY:
      return answer(header->unique, 0, NULL, 0);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      return;
    default:
      return answer(header->unique, ENOSYS, NULL, 0);
  }
}

int main(int count, char **words) {
  static char request[MAX_WRITE + 65536];
  char options[64];
  if (count != 4) return 2;
  image = open(words[2], O_RDWR | O_CLOEXEC);
  record = open(words[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (image < 0 || record < 0 || device < 0) fail("open");
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
  if (mount("recording-disk", words[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0) fail("mount");
  puts("READY");
  fflush(stdout);
  for (;;) {
    ssize_t length = read(device, request, sizeof request);
    if (length < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN)) continue;
    if (length < 0 && errno == ENODEV) return 0;
    if (length < (ssize_t)sizeof(struct fuse_in_header)) fail("read");
    serve((const struct fuse_in_header *)request);
  }
}
