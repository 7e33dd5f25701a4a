/**
 * The C library, and on Linux the only import of koffi (`gate/calls.ts` binds more through it). One function per call; each
 * reads errno at once and throws `SystemError(operation, path, errno)`, `path` being for the message only.
 *
 * Functions that open descriptors are missing on purpose: `fs.openSync` does that (see `place.ts`), because Node closes
 * its descriptors when a worker ends, and nobody closes those of libc. What Node can do (fchown, fchmod, fsync,
 * ftruncate, statfs) is left to Node.
 *
 * ioctl, fcntl and syscall are variadic in C. On x86_64 and arm64 Linux integers and pointers are passed the same way
 * to variadic and other functions, so they are declared with fixed arguments (koffi cannot call variadic ones
 * asynchronously).
 */
import { constants } from 'node:os';
import type * as Koffi from 'koffi';
import { SystemError } from '../../core/errors';
import { errnoName } from './errors';
import {
  decodeExtended,
  decodeStatx,
  encodeExtended,
  encodeTimes,
  AT_EMPTY_PATH,
  FICLONE,
  FSXATTR,
  FS_IOC_FSGETXATTR,
  FS_IOC_FSSETXATTR,
  FS_IOC_GETFLAGS,
  FS_IOC_SETFLAGS,
  LOCK_EX,
  LOCK_NB,
  LOCK_UN,
  STATX,
  STATX_BASIC_STATS,
  STATX_BTIME,
  STATX_MNT_ID,
  SYS_RENAMEAT2,
  SYS_STATX,
} from './layouts';
import type { Extended, Stat } from './layouts';

/** XATTR_SIZE_MAX and XATTR_LIST_MAX, include/uapi/linux/limits.h. */
const XATTR_MAX = 65536;

const STATX_WANTED = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;

export interface Libc {
  /** statx(2) of a descriptor itself, O_PATH ones included. */
  statDescriptor(fd: number, path: string): Stat;
  /** statx(2) of a name below a directory. */
  statAt(directory: number, name: Buffer, flags: number, path: string): Stat;
  /** faccessat(2); `false` for EACCES, EPERM and EROFS. */
  mayAccess(directory: number, name: Buffer, mode: number, flags: number, path: string): boolean;
  /** linkat(2). */
  link(fromDirectory: number, from: Buffer, directory: number, name: Buffer, flags: number, path: string): void;
  /** renameat2(2) inside one directory. */
  rename(directory: number, from: Buffer, to: Buffer, flags: number, path: string): void;
  /** unlinkat(2) of something that is not a directory. */
  unlink(directory: number, name: Buffer, path: string): void;
  /** flistxattr(2). Names are bytes, here as Latin-1 so that they can be keys. Not supported: empty. */
  listAttributes(fd: number, path: string): string[];
  /** listxattr(2) of a path, the same way: works for what is only open as O_PATH. */
  listAttributesOfPath(target: Buffer, path: string): string[];
  /** fgetxattr(2). `undefined` if there is no such attribute (ENODATA). */
  getAttribute(fd: number, name: string, path: string): Buffer | undefined;
  /** fsetxattr(2). */
  setAttribute(fd: number, name: string, value: Buffer, path: string): void;
  /** fremovexattr(2). */
  removeAttribute(fd: number, name: string, path: string): void;
  /** futimens(3), nanoseconds since the epoch. `undefined`: it stays as it is. */
  setTimes(fd: number, atime: bigint | undefined, mtime: bigint, path: string): void;
  /** FS_IOC_GETFLAGS, ioctl_iflags(2). `undefined` where the file system has no flags. */
  getFlags(fd: number, path: string): number | undefined;
  /** FS_IOC_SETFLAGS. */
  setFlags(fd: number, flags: number, path: string): void;
  /** FS_IOC_FSGETXATTR, ioctl_xfs_fsgetxattr(2). `undefined` where the file system has none. */
  getExtended(fd: number, path: string): Extended | undefined;
  /** FS_IOC_FSSETXATTR. */
  setExtended(fd: number, extended: Extended, path: string): void;
  /** lseek(2) with SEEK_SET, SEEK_DATA or SEEK_HOLE. `undefined` for ENXIO: no data behind the offset. */
  seek(fd: number, offset: number, whence: number, path: string): number | undefined;
  /** FICLONE, ioctl_ficlone(2), on another thread: it may wait until the source's dirty pages are written. */
  cloneRange(from: number, to: number, path: string): Promise<void>;
  /** flock(2), LOCK_EX without waiting. False: another open file has the lock. */
  tryLock(fd: number, path: string): boolean;
  /** flock(2), LOCK_UN. A close is not enough: a child between fork and exec has the descriptor, too. */
  unlock(fd: number, path: string): void;
  /** copy_file_range(2) from and to the descriptors' own positions, on another thread. The number of bytes copied. */
  copyRange(from: number, to: number, length: number, path: string): Promise<number>;
}

export type Native = (...values: readonly unknown[]) => number;
export type NativeAsync = Native & { async: (...values: readonly unknown[]) => void };

const NO_NAME = Buffer.from([0]);

function cString(text: Buffer): Buffer {
  const terminated = Buffer.allocUnsafe(text.length + 1);
  text.copy(terminated);
  terminated[text.length] = 0;
  return terminated;
}

/** Not supported here, as the file systems say it: nothing to keep. */
function unsupported(thrown: unknown): boolean {
  return SystemError.is(thrown, 'EOPNOTSUPP', 'ENOTTY', 'ENOSYS', 'EINVAL');
}

/** `path` is for the message only. */
type Call<N, T> = (operation: string, path: string, native: N, ...values: readonly unknown[]) => T;

/** The C library of this process, as one thread sees it. */
export interface Library {
  /** @throws Error of koffi's if there is no such function */
  readonly bind: (name: string, result: string, ...parameters: string[]) => NativeAsync;
  /** The function, or where the library has none (musl and old glibc lack wrappers) the system call itself. */
  readonly bindOrSyscall: (name: string, numbers: Readonly<Record<string, number>>, ...parameters: string[]) => Native;
  /** Why the last call of this thread failed, right after it; errno(3). */
  readonly errno: () => number;
  /** Calls, again as long as a signal interrupts. -1 is the only failure. */
  readonly call: Call<Native, number>;
  /** As `call`, but EINTR is a failure, too. */
  readonly callOnce: Call<Native, number>;
  /** As `call`, on another thread. */
  readonly callAsync: Call<NativeAsync, Promise<number>>;
}

/**
 * Loads koffi.
 *
 * @throws Error of koffi's if its binary for this system is missing
 */
export function openLibrary(): Library {
  // At call time, not at import: packages for other systems come without it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- lazily, and as a value if it is missing
  const koffi = require('koffi') as typeof Koffi;
  // The process itself: glibc and musl alike, whatever their files are called.
  const library = koffi.load(null);
  const bind = (name: string, result: string, ...parameters: string[]): NativeAsync =>
    library.func(name, result, parameters);
  const failure = (operation: string, path: string): SystemError =>
    new SystemError(operation, path, errnoName(koffi.errno()));

  return {
    bind,
    errno: () => koffi.errno(),
    bindOrSyscall(name, numbers, ...parameters) {
      try {
        return bind(name, 'int', ...parameters);
      } catch {
        const number = numbers[process.arch];
        if (number === undefined) {
          throw new Error(`no system call numbers for ${process.arch}`);
        }
        const syscall = bind('syscall', 'long', 'long', ...parameters);
        return (...values) => syscall(number, ...values);
      }
    },
    call(operation, path, native, ...values) {
      for (;;) {
        const result = native(...values);
        if (result !== -1) {
          return result;
        }
        if (koffi.errno() !== constants.errno.EINTR) {
          throw failure(operation, path);
        }
      }
    },
    callOnce(operation, path, native, ...values) {
      const result = native(...values);
      if (result === -1) {
        throw failure(operation, path);
      }
      return result;
    },
    // koffi carries the errno of the other thread into the callback, and only there: AsyncCall::Complete in its
    // call.cc.
    callAsync: (operation, path, native, ...values) =>
      new Promise((resolve, reject) => {
        const attempt = (): void => {
          try {
            native.async(...values, (error: unknown, result: number) => {
              if (error !== null && error !== undefined) {
                reject(new SystemError(operation, path, 'UNKNOWN', error));
              } else if (result !== -1) {
                resolve(result);
              } else if (koffi.errno() === constants.errno.EINTR) {
                attempt();
              } else {
                reject(failure(operation, path));
              }
            });
          } catch (thrown) {
            // More than `max_async_calls` under way.
            reject(new SystemError(operation, path, 'EAGAIN', thrown));
          }
        };
        attempt();
      }),
  };
}

/**
 * Binds the functions.
 *
 * @throws as `openLibrary`; Error of koffi's if the C library lacks a function
 */
export function loadLibc({ bind, bindOrSyscall, call, callAsync }: Library = openLibrary()): Libc {
  const faccessat = bind('faccessat', 'int', 'int', 'void *', 'int', 'int');
  const linkat = bind('linkat', 'int', 'int', 'void *', 'int', 'void *', 'int');
  const unlinkat = bind('unlinkat', 'int', 'int', 'void *', 'int');
  const flistxattr = bind('flistxattr', 'int64', 'int', 'void *', 'size_t');
  const listxattr = bind('listxattr', 'int64', 'void *', 'void *', 'size_t');
  const fgetxattr = bind('fgetxattr', 'int64', 'int', 'void *', 'void *', 'size_t');
  const fsetxattr = bind('fsetxattr', 'int', 'int', 'void *', 'void *', 'size_t', 'int');
  const fremovexattr = bind('fremovexattr', 'int', 'int', 'void *');
  const futimens = bind('futimens', 'int', 'int', 'void *');
  const ioctlPointer = bind('ioctl', 'int', 'int', 'ulong', 'void *');
  const ioctlNumber = bind('ioctl', 'int', 'int', 'ulong', 'long');
  const flock = bind('flock', 'int', 'int', 'int');
  const lseek = bind('lseek', 'int64', 'int', 'int64', 'int');
  const copyFileRange = bind('copy_file_range', 'int64', 'int', 'void *', 'int', 'void *', 'size_t', 'uint');

  const statx = bindOrSyscall('statx', SYS_STATX, 'int', 'void *', 'int', 'uint', 'void *');
  const renameat2 = bindOrSyscall('renameat2', SYS_RENAMEAT2, 'int', 'void *', 'int', 'void *', 'uint');

  const stat = Buffer.alloc(STATX.size);
  const word = Buffer.alloc(8);
  const extendedBuffer = Buffer.alloc(FSXATTR.size);
  const scratch = Buffer.alloc(XATTR_MAX);

  const names = (list: () => number): string[] => {
    try {
      return scratch
        .toString('latin1', 0, list())
        .split('\0')
        .filter((name) => name !== '');
    } catch (thrown) {
      if (SystemError.is(thrown, 'EOPNOTSUPP', 'ENOSYS')) {
        return [];
      }
      throw thrown;
    }
  };

  return {
    statDescriptor(fd, path) {
      call('statx', path, statx, fd, NO_NAME, AT_EMPTY_PATH, STATX_WANTED, stat);
      return decodeStatx(stat);
    },
    statAt(directory, name, flags, path) {
      call('statx', path, statx, directory, cString(name), flags, STATX_WANTED, stat);
      return decodeStatx(stat);
    },
    mayAccess(directory, name, mode, flags, path) {
      try {
        call('faccessat', path, faccessat, directory, cString(name), mode, flags);
        return true;
      } catch (thrown) {
        if (SystemError.is(thrown, 'EACCES', 'EPERM', 'EROFS')) {
          return false;
        }
        throw thrown;
      }
    },
    link(fromDirectory, from, directory, name, flags, path) {
      call('linkat', path, linkat, fromDirectory, cString(from), directory, cString(name), flags);
    },
    rename(directory, from, to, flags, path) {
      call('renameat2', path, renameat2, directory, cString(from), directory, cString(to), flags);
    },
    unlink(directory, name, path) {
      call('unlinkat', path, unlinkat, directory, cString(name), 0);
    },
    listAttributes(fd, path) {
      return names(() => call('flistxattr', path, flistxattr, fd, scratch, scratch.length));
    },
    listAttributesOfPath(target, path) {
      return names(() => call('listxattr', path, listxattr, cString(target), scratch, scratch.length));
    },
    getAttribute(fd, name, path) {
      try {
        const length = call(
          'fgetxattr',
          path,
          fgetxattr,
          fd,
          cString(Buffer.from(name, 'latin1')),
          scratch,
          scratch.length,
        );
        return Buffer.from(scratch.subarray(0, length));
      } catch (thrown) {
        if (SystemError.is(thrown, 'ENODATA')) {
          return undefined;
        }
        throw thrown;
      }
    },
    setAttribute(fd, name, value, path) {
      // koffi refuses a pointer into nothing: an empty value is given as a byte of which none is taken.
      const bytes = value.length === 0 ? NO_NAME : value;
      call('fsetxattr', path, fsetxattr, fd, cString(Buffer.from(name, 'latin1')), bytes, value.length, 0);
    },
    removeAttribute(fd, name, path) {
      call('fremovexattr', path, fremovexattr, fd, cString(Buffer.from(name, 'latin1')));
    },
    setTimes(fd, atime, mtime, path) {
      call('futimens', path, futimens, fd, encodeTimes(atime, mtime));
    },
    getFlags(fd, path) {
      try {
        call('ioctl(FS_IOC_GETFLAGS)', path, ioctlPointer, fd, FS_IOC_GETFLAGS, word);
        return word.readUInt32LE(0);
      } catch (thrown) {
        if (unsupported(thrown)) {
          return undefined;
        }
        throw thrown;
      }
    },
    setFlags(fd, flags, path) {
      word.fill(0);
      word.writeUInt32LE(flags >>> 0, 0);
      call('ioctl(FS_IOC_SETFLAGS)', path, ioctlPointer, fd, FS_IOC_SETFLAGS, word);
    },
    getExtended(fd, path) {
      try {
        call('ioctl(FS_IOC_FSGETXATTR)', path, ioctlPointer, fd, FS_IOC_FSGETXATTR, extendedBuffer);
        return decodeExtended(extendedBuffer);
      } catch (thrown) {
        if (unsupported(thrown)) {
          return undefined;
        }
        throw thrown;
      }
    },
    setExtended(fd, extended, path) {
      call('ioctl(FS_IOC_FSSETXATTR)', path, ioctlPointer, fd, FS_IOC_FSSETXATTR, encodeExtended(extended));
    },
    seek(fd, offset, whence, path) {
      try {
        return call('lseek', path, lseek, fd, offset, whence);
      } catch (thrown) {
        if (SystemError.is(thrown, 'ENXIO')) {
          return undefined;
        }
        throw thrown;
      }
    },
    async cloneRange(from, to, path) {
      await callAsync('ioctl(FICLONE)', path, ioctlNumber, to, FICLONE, from);
    },
    tryLock(fd, path) {
      try {
        call('flock', path, flock, fd, LOCK_EX | LOCK_NB);
        return true;
      } catch (thrown) {
        if (SystemError.is(thrown, 'EAGAIN')) {
          return false;
        }
        throw thrown;
      }
    },
    unlock(fd, path) {
      call('flock', path, flock, fd, LOCK_UN);
    },
    copyRange(from, to, length, path) {
      return callAsync('copy_file_range', path, copyFileRange, from, null, to, null, length, 0);
    },
  };
}
