import { createHash } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { SystemError } from '../../../core/errors';
import type { HandedPlace } from '../../../core/gate/ports';
import { system } from '../errors';
import { F_UNLCK, F_WRLCK } from '../layouts';
import { isOurs } from '../ownFolder';
import type { GateCalls } from './calls';

/**
 * Where the windows of one user meet: a directory that belongs to that user and nobody else may look into. It does not depend on
 * the environment, which differs between the windows of one user.
 */
export function coordinationFolder(uid: number, temporary: string, runtime = `/run/user/${uid}`): string {
  return isOurs(runtime, uid) ? join(runtime, 'holdfast') : join(temporary, `holdfast-${uid}`);
}

/** What is locked: a name in a directory. */
type Locked = Pick<HandedPlace, 'directoryIdentity' | 'name'>;

/**
 * Who saves which path, among all windows of a user. A lock is one byte of one file, at an offset that a path's directory and name
 * decide; fcntl(2), F_OFD_SETLK. It belongs to the open file, so it ends with the thread that opened it, and nothing is ever left
 * behind. Two paths that meet at one offset (one chance in 2^60) only cost a gate.
 */
export class PathLocks {
  readonly file: string;
  readonly #calls: GateCalls;
  readonly #fd: number;
  /** One open file has a lock once, however often it takes it. */
  readonly #users = new Map<bigint, number>();

  /**
   * @param name of the file; who takes locks for another purpose has another one
   * @throws SystemError EPERM: the folder is somebody else's, or others may write there; of mkdir(2), open(2)
   */
  constructor(calls: GateCalls, folder: string, uid: number, name = 'saving.lock') {
    this.#calls = calls;
    this.file = join(folder, name);
    system('mkdir', folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    if (!isOurs(folder, uid)) {
      throw new SystemError('open', folder, 'EPERM');
    }
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    this.#fd = system('open', this.file, () => openSync(this.file, flags, 0o600));
  }

  /** What gives the lock up; `undefined` if another window has it. */
  take(place: Locked): (() => void) | undefined {
    const offset = offsetOf(place);
    try {
      this.#calls.setRangeLock(this.#fd, F_WRLCK, offset, this.file);
    } catch (thrown) {
      if (SystemError.is(thrown, 'EAGAIN', 'EACCES')) {
        return undefined;
      }
      throw thrown;
    }
    this.#users.set(offset, (this.#users.get(offset) ?? 0) + 1);
    return () => this.#release(offset);
  }

  /** A descriptor of the file whose watchers see an open and a close whenever a lock may have been given up. */
  get watched(): number {
    return this.#fd;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #release(offset: bigint): void {
    const left = (this.#users.get(offset) ?? 1) - 1;
    if (left > 0) {
      this.#users.set(offset, left);
      return;
    }
    this.#users.delete(offset);
    this.#calls.setRangeLock(this.#fd, F_UNLCK, offset, this.file);
    // The kernel tells nobody that a lock is free; inotify(7) does tell of a close, also of one by the end of a thread.
    closeSync(openSync(this.file, constants.O_WRONLY | constants.O_NOFOLLOW));
  }
}

function offsetOf({ directoryIdentity: { device, inode }, name }: Locked): bigint {
  const hash = createHash('sha256').update(`${device}:${inode}:`).update(name).digest();
  return hash.readBigUInt64LE(0) >> 4n;
}
