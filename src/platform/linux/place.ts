import { closeSync, constants, openSync } from 'node:fs';
import { SystemError } from '../../core/errors';
import { asSystemError, system } from './errors';
import { O_PATH } from './layouts';

/** The path under which a descriptor of this process can be opened anew, linked and asked; proc_pid_fd(5). */
export function descriptorPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/**
 * Closes a descriptor at the end of its use. What close(2) can still report (EIO, EDQUOT on NFS) concerns bytes that were
 * synced or given up before; the descriptor is gone in any case.
 */
export function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch (thrown) {
    if (!(asSystemError(thrown, 'close', '') instanceof SystemError)) {
      throw thrown;
    }
  }
}

/** A name below a directory's descriptor as a path: openat(2) with Node's own `open`. */
export function pathBelow(directory: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${descriptorPath(directory)}/`), name]);
}

/**
 * A descriptor to read a pinned inode with. The caller closes it.
 *
 * @throws SystemError of open(2); EAGAIN if a lease is in the way
 */
export function openReader(pin: number, path: string): number {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const open = (extra: number): number => system('open', path, () => openSync(descriptorPath(pin), flags | extra));
  try {
    return open(constants.O_NOATIME);
  } catch (thrown) {
    if (SystemError.is(thrown, 'EPERM')) {
      return open(0);
    }
    throw thrown;
  }
}

/**
 * Where a target is: one O_PATH descriptor of its real directory, its base name there, and one O_PATH descriptor that
 * pins its inode. An O_PATH descriptor counts as nobody for leases, so a place held for long makes no other window
 * believe that the file is in use.
 *
 * All descriptors come from `fs.openSync` below `/proc/self/fd` and not from libc's openat: Node closes them when a
 * worker ends. The target and whatever was staged for it hold the place together; the last one closes it.
 */
export class Place {
  readonly path: string;
  readonly realPath: Buffer;
  readonly name: Buffer;
  readonly directory: number;
  readonly pin: number;
  /** Its number in temporary names, once this process has written it down; see `OwnRecord`. */
  record = 0;
  #holders = 1;

  private constructor(realPath: Buffer, name: Buffer, directory: number, pin: number) {
    this.path = realPath.toString();
    this.realPath = realPath;
    this.name = name;
    this.directory = directory;
    this.pin = pin;
  }

  /**
   * `realPath` has no symbolic links left.
   *
   * @throws SystemError of open(2)
   */
  static open(realPath: Buffer): Place {
    const path = realPath.toString();
    const slash = realPath.lastIndexOf('/');
    const parent = realPath.subarray(0, Math.max(slash, 1));
    const name = slash + 1 === realPath.length ? Buffer.from('.') : realPath.subarray(slash + 1);
    const directory = system('open', path, () =>
      openSync(parent, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW),
    );
    try {
      const pin = system('open', path, () => openSync(pathBelow(directory, name), O_PATH | constants.O_NOFOLLOW));
      return new Place(realPath, name, directory, pin);
    } catch (thrown) {
      closeSync(directory);
      throw thrown;
    }
  }

  /** A descriptor to read the pinned inode with, whatever its name leads to by now. The caller closes it. */
  openReader(): number {
    return openReader(this.pin, this.path);
  }

  retain(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) {
      closeQuietly(this.pin);
      closeQuietly(this.directory);
    }
  }
}
