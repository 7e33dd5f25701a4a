/** What a pass over all processes asks thousands of times: no exception and no text for what cannot be followed. */
import { constants } from 'node:fs';
import type { Library } from '../libc';
import {
  AT_FDCWD,
  AT_STATX_DONT_SYNC,
  AT_SYMLINK_NOFOLLOW,
  STATX,
  STATX_INO,
  STATX_MODE,
  STATX_TYPE,
  SYS_STATX,
  S_IFMT,
  S_IFREG,
} from '../layouts';

const { S_IRUSR, S_IWUSR } = constants;

/** PATH_MAX, include/uapi/linux/limits.h: no link in `/proc` is told longer. */
const PATH_MAX = 4096;

export interface HolderCalls {
  /**
   * The inode number of what a path leads to, links followed, as a number that may only be near; without a server or a daemon being
   * asked: statx(2). 0 if it cannot be followed.
   */
  inodeAt(target: string): number;
  /** The same, and 0 if it is not a regular file. */
  regularInodeAt(target: string): number;
  /**
   * Whether a descriptor is for reading or writing, by the mode of its link: an O_PATH one has neither (fs/proc/fd.c,
   * tid_fd_update_inode). Also if that cannot be told.
   */
  isForUse(target: string): boolean;
  /** readlink(2): the path, in Latin-1; the errno if there is none. */
  linkAt(target: string): { readonly path: string } | { readonly errno: number };
}

/** @throws Error of koffi's if the C library lacks a function */
export function bindHolderCalls({ bind, bindOrSyscall, errno }: Library): HolderCalls {
  const statx = bindOrSyscall('statx', SYS_STATX, 'int', 'str', 'int', 'uint', 'void *');
  const readlink = bind('readlink', 'int64', 'str', 'void *', 'size_t');
  const stat = Buffer.alloc(STATX.size);
  const link = Buffer.alloc(PATH_MAX);
  const inode = (target: string): number =>
    statx(AT_FDCWD, target, AT_STATX_DONT_SYNC, STATX_INO | STATX_TYPE, stat) === 0
      ? stat.readUInt32LE(STATX.ino) + stat.readUInt32LE(STATX.ino + 4) * 2 ** 32
      : 0;
  return {
    inodeAt: inode,
    regularInodeAt(target) {
      const number = inode(target);
      return number !== 0 && (stat.readUInt16LE(STATX.mode) & S_IFMT) === S_IFREG ? number : 0;
    },
    isForUse: (target) =>
      statx(AT_FDCWD, target, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_MODE, stat) !== 0 ||
      (stat.readUInt16LE(STATX.mode) & (S_IRUSR | S_IWUSR)) !== 0,
    linkAt(target) {
      const length = readlink(target, link, PATH_MAX);
      return length < 0 ? { errno: errno() } : { path: link.toString('latin1', 0, length) };
    },
  };
}
