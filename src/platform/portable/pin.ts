import { closeSync, constants, fstatSync, openSync, readSync, statSync, type BigIntStats } from 'node:fs';
import { SystemError } from '../../core/errors';
import type { Pin } from '../../core/holders/ports';
import type { Identity } from '../../core/ports';
import { portably } from './errors';

/**
 * An inode that is remembered by its path and number alone, where no descriptor can remember it unseen: an ordinary one would make us a
 * holder, and on Windows keep others from it. So it is never held, and once its path leads elsewhere it is known by number only.
 */
export class PathPin implements Pin {
  readonly identity: Identity;
  readonly held = false;
  readonly path: string;
  /** As it was when it was seen last. */
  #stat: BigIntStats;

  private constructor(path: string, stat: BigIntStats) {
    this.path = path;
    this.identity = identityOf(stat);
    this.#stat = stat;
  }

  /** @throws SystemError as `HolderFinder.pin` */
  static at(path: string): PathPin {
    const stat = portably('stat', path, () => statSync(path, { bigint: true }));
    if (!stat.isFile()) {
      throw new SystemError('pin', path, 'EINVAL');
    }
    return new PathPin(path, stat);
  }

  hold(): boolean {
    return false;
  }

  letGo(): void {
    // It never holds.
  }

  atPath(): boolean {
    return this.#look();
  }

  size(): number {
    this.#look();
    return Number(this.#stat.size);
  }

  mtime(): bigint {
    this.#look();
    return this.#stat.mtimeNs;
  }

  read(bytes: number): Uint8Array {
    // The path may lead to a pipe by now, whose open would wait for a writer. Windows has no such flag, and no pipes at such paths.
    const flags = constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0);
    const fd = portably('open', this.path, () => openSync(this.path, flags));
    try {
      const stat = portably('fstat', this.path, () => fstatSync(fd, { bigint: true }));
      if (!isSame(identityOf(stat), this.identity)) {
        throw new SystemError('open', this.path, 'ESTALE');
      }
      const buffer = Buffer.alloc(bytes);
      let length = 0;
      for (let got = -1; got !== 0 && length < bytes; length += got) {
        got = portably('read', this.path, () => readSync(fd, buffer, length, bytes - length, length));
      }
      return buffer.subarray(0, length);
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    // There is nothing to close.
  }

  #look(): boolean {
    try {
      const stat = portably('stat', this.path, () => statSync(this.path, { bigint: true }));
      if (!isSame(identityOf(stat), this.identity)) {
        return false;
      }
      this.#stat = stat;
      return true;
    } catch (thrown) {
      if (thrown instanceof SystemError) {
        return false;
      }
      throw thrown;
    }
  }
}

/** @throws TypeError if a finder has made it that has pins of another kind */
export function pathPin(pin: Pin): PathPin {
  if (!(pin instanceof PathPin)) {
    throw new TypeError('a pin of another finder');
  }
  return pin;
}

export function isSame(one: Identity, other: Identity): boolean {
  return one.device === other.device && one.inode === other.inode;
}

function identityOf({ dev, ino }: BigIntStats): Identity {
  return { device: dev, inode: ino };
}
