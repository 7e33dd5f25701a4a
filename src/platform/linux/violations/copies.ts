import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { SystemError } from '../../../core/errors';
import { violationLimits } from '../../../core/violations/limits';
import { system } from '../errors';
import { O_TMPFILE } from '../layouts';
import { closeQuietly, descriptorPath } from '../place';

/** Bytes between two looks at the clock. */
const PIECE = 1 << 20;

/** Where POSIX shared memory is: shm_overview(7). */
const MEMORY = '/dev/shm';

interface Copy {
  readonly fd: number;
  readonly size: number;
  readonly inMemory: boolean;
  /** When it was left to those who were told of it, in milliseconds of the clock. `undefined`: something is still compared with it. */
  readonly left?: number;
  /** Nobody will ask for it. */
  readonly unwanted?: true;
}

/**
 * Copies of what programs run from: files without a name, readable by nobody else, in memory or in a folder of our own. They are gone when they
 * are closed, also by the end of the thread or the process: nothing is ever left behind.
 */
export class Copies {
  readonly #folder: string;
  readonly #progress: () => void;
  /** The oldest first; those that were left, by when they were. */
  readonly #copies = new Map<number, Copy>();
  readonly #piece = Buffer.allocUnsafe(PIECE);
  #next: number;

  /**
   * @param folder made if it is not there
   * @param first the first copy's number
   */
  constructor(folder: string, first: number, progress: () => void) {
    this.#folder = folder;
    this.#next = first;
    this.#progress = progress;
  }

  /**
   * Copies what a descriptor has open, if it is no larger than what can be compared; by a reflink, if that can be.
   *
   * @param until when to give up, in milliseconds of `performance.now`
   * @param most bytes, without a reflink
   * @returns the copy's number; `undefined`: it is too large, or would not have been done in time
   * @throws SystemError ENOSPC and the like
   */
  make(from: number, size: number, until: number, most: number, path: string): number | undefined {
    if (size > violationLimits.compared) return undefined;
    const limits = [from, size, until, most, path] as const;
    const made = (size <= most ? this.#makeInMemory(...limits) : undefined) ?? this.#makeOnDisk(...limits);
    if (!made) return undefined;
    const copy = this.#next++;
    this.#copies.set(copy, made);
    this.#makeRoom();
    return copy;
  }

  has(copy: number): boolean {
    return this.#copies.has(copy);
  }

  /** @throws SystemError */
  read(copy: number): Uint8Array | undefined {
    const found = this.#copies.get(copy);
    return found && this.bytesOf(found.fd, found.size, '');
  }

  size(copy: number): number {
    return this.#copies.get(copy)?.size ?? 0;
  }

  /** The first bytes of what a descriptor has open. @throws SystemError */
  bytesOf(fd: number, size: number, path: string): Uint8Array {
    const bytes = Buffer.allocUnsafe(size);
    let filled = 0;
    for (let got = -1; got !== 0 && filled < size; filled += got) {
      got = system('read', path, () => readSync(fd, bytes, filled, Math.min(PIECE, size - filled), filled));
      this.#progress();
    }
    return bytes.subarray(0, filled);
  }

  /** Nothing is compared with it any more; but who was told of it may ask for it. */
  leave(copy: number): void {
    const found = this.#copies.get(copy);
    if (!found || found.left !== undefined) return;
    this.#copies.delete(copy);
    this.#copies.set(copy, { ...found, left: performance.now() });
    if (found.unwanted) this.drop(copy);
  }

  /** Nobody will ask for it: it goes when it has been left. */
  unwanted(copy: number): void {
    const found = this.#copies.get(copy);
    if (!found) return;
    if (found.left !== undefined) this.drop(copy);
    else this.#copies.set(copy, { ...found, unwanted: true });
  }

  drop(copy: number): void {
    const found = this.#copies.get(copy);
    if (!found) return;
    this.#copies.delete(copy);
    closeQuietly(found.fd);
  }

  expire(): number | undefined {
    const now = performance.now();
    for (const [copy, { left }] of this.#copies) {
      if (left === undefined) continue;
      const rest = left + violationLimits.copyAge - now;
      if (rest > 0) return rest;
      this.drop(copy);
    }
    return undefined;
  }

  close(): void {
    for (const copy of [...this.#copies.keys()]) this.drop(copy);
  }

  /** A write to a disk can take any time, and somebody waits. */
  #makeInMemory(from: number, size: number, until: number, most: number, path: string): Copy | undefined {
    const { copiedInMemory, copiesInMemory } = violationLimits;
    const used = [...this.#copies.values()].reduce((sum, copy) => sum + (copy.inMemory ? copy.size : 0), 0);
    if (size > copiedInMemory || used + size > copiesInMemory) return undefined;
    let fd: number;
    try {
      fd = openSync(MEMORY, O_TMPFILE | constants.O_RDWR, 0o600);
    } catch {
      // Not here.
      return undefined;
    }
    try {
      const copied = this.#copy(from, fd, until, Math.min(most, copiedInMemory), path);
      if (copied !== undefined) return { fd, size: copied, inMemory: true };
    } catch (thrown) {
      // It is full.
      if (!SystemError.is(thrown, 'ENOSPC')) {
        closeQuietly(fd);
        throw thrown;
      }
    }
    closeQuietly(fd);
    return undefined;
  }

  #makeOnDisk(from: number, size: number, until: number, most: number, path: string): Copy | undefined {
    const fd = this.#create();
    try {
      const reflinked = size > PIECE && reflink(from, fd);
      const copied = reflinked ? size : size > most ? undefined : this.#copy(from, fd, until, most, path);
      if (copied !== undefined) return { fd, size: copied, inMemory: false };
    } catch (thrown) {
      closeQuietly(fd);
      throw thrown;
    }
    closeQuietly(fd);
    return undefined;
  }

  /** Those go first that were left, the oldest of them before the others. */
  #makeRoom(): void {
    let total = [...this.#copies.values()].reduce((sum, { size }) => sum + size, 0);
    const all = [...this.#copies];
    const inTurn = [...all.filter(([, { left }]) => left !== undefined), ...all];
    for (const [copy, { size }] of inTurn) {
      if (!this.#copies.has(copy)) continue;
      if (total <= violationLimits.copiedInAll && this.#copies.size <= violationLimits.copies) return;
      this.drop(copy);
      total -= size;
    }
  }

  /** How much it was; `undefined`: too much, or not in time. */
  #copy(from: number, to: number, until: number, most: number, path: string): number | undefined {
    for (let at = 0; ;) {
      const length = system('read', path, () => readSync(from, this.#piece, 0, PIECE, at));
      if (length === 0) return at;
      for (let written = 0; written < length;) {
        const position = at + written;
        written += system('write', this.#folder, () => writeSync(to, this.#piece, written, length - written, position));
      }
      at += length;
      this.#progress();
      // It may have grown since it was measured.
      if (at > most) return undefined;
      // The end: what is small is copied in any case.
      if (length < PIECE) return at;
      if (performance.now() >= until) return undefined;
    }
  }

  #create(): number {
    const folder = this.#folder;
    system('mkdir', folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    try {
      return system('create', folder, () => openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600));
    } catch (thrown) {
      if (!SystemError.is(thrown, 'EOPNOTSUPP', 'EISDIR', 'EINVAL', 'ENOENT')) throw thrown;
    }
    const file = join(folder, `${String(process.pid)}-${String(this.#next)}`);
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = system('create', file, () => openSync(file, flags, 0o600));
    try {
      system('unlink', file, () => {
        unlinkSync(file);
      });
      return fd;
    } catch (thrown) {
      closeSync(fd);
      throw thrown;
    }
  }
}

/** Whether it could be done. */
function reflink(from: number, to: number): boolean {
  try {
    copyFileSync(descriptorPath(from), descriptorPath(to), constants.COPYFILE_FICLONE_FORCE);
    fchmodSync(to, 0o600);
    return true;
  } catch {
    // Other file system, or none that can: then by hand, from the beginning.
    ftruncateSync(to, 0);
    return false;
  }
}
