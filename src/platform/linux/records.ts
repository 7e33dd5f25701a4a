import { createHash } from 'node:crypto';
import { closeSync, constants, fdatasync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SystemError } from '../../core/errors';
import {
  beginLine,
  completeLine,
  ownerLine,
  parseOwnerRecord,
  protectLine,
  targetLine,
  unprotectLine,
  type Owner,
  type ProtectedFile,
} from '../../core/ownerRecord';
import { asSystemError, system, systemAsync } from './errors';
import type { GateCalls } from './gate/calls';
import { F_WRLCK } from './layouts';
import type { Place } from './place';

const fdatasyncAsync = promisify(fdatasync);

export const recordName = /^\d+-\d+-[\da-f]{16}\.owner$/;

/** A record that has no name yet. */
export const draftName = /^\d+-\d+-[\da-f]{16}\.owner\.new$/;

/** Two containers may have the same pid and, as one kernel counts for both, the same start time. */
function nameOf({ pid, startTime, boot, namespace, machine }: Owner): string {
  const place = createHash('sha256').update(`${machine}\0${boot}\0${namespace}`).digest('hex').slice(0, 16);
  return `${pid}-${startTime}-${place}.owner`;
}

/**
 * This process's own record; see `core/ownerRecord.ts`. It is in the extension's storage, which outlives a boot as the names do.
 * Written when the first temporary name is about to be made; a path is written down once. What has it open has it locked, so that
 * the end of the thread shows, whatever namespace looks.
 *
 * A save goes on without a record, and what it may leave then is left.
 */
export class OwnRecord {
  readonly #calls: () => GateCalls;
  readonly #folder: string;
  readonly #owner: Owner;
  readonly #onProblem: (error: SystemError) => void;
  readonly #targets = new Map<string, number>();
  readonly #told = new Set<string>();
  #fd: number | undefined;
  #next = 1;
  #syncing: Promise<void> | undefined;
  #unsynced = false;

  constructor(calls: () => GateCalls, folder: string, owner: Owner, onProblem: (error: SystemError) => void) {
    this.#calls = calls;
    this.#folder = folder;
    this.#owner = owner;
    this.#onProblem = onProblem;
  }

  /** The file's name, be it there or not. */
  get name(): string {
    return nameOf(this.#owner);
  }

  /** To be called before a temporary name is made for this place. */
  note(place: Place): void {
    const path = place.realPath.toString('latin1');
    const known = this.#targets.get(path);
    if (known !== undefined) {
      place.record = known;
      return;
    }
    this.#trying(() => {
      const fd = this.#open();
      const target = this.#next++;
      append(fd, targetLine(target, path), this.name);
      this.#targets.set(path, target);
      place.record = target;
      this.#sync(fd);
    });
  }

  /** Something is about to be made under this name, in a directory that has been noted. */
  begins(name: Buffer): void {
    this.#trying(() => {
      if (this.#fd !== undefined) append(this.#fd, beginLine(name.toString('latin1')), this.name);
    });
  }

  /**
   * What is complete must be known to be: a name that was begun goes from hand to hand, and may lead to another program's version next.
   *
   * @throws SystemError of write(2): it is not to be used
   */
  completes(name: Buffer): void {
    if (this.#fd !== undefined) append(this.#fd, completeLine(name.toString('latin1')), this.name);
  }

  /** To be called before this process protects the file against writing. */
  protects(place: Place, file: ProtectedFile): void {
    this.#trying(() => {
      const fd = this.#open();
      append(fd, protectLine(place.realPath.toString('latin1'), file), this.name);
      this.#sync(fd);
    });
  }

  /** To be called when it is not protected any more. */
  unprotects(place: Place): void {
    this.#trying(() => {
      if (this.#fd !== undefined) append(this.#fd, unprotectLine(place.realPath.toString('latin1')), this.name);
    });
  }

  /** What the end of the thread does, too. Its lock goes when nothing is on its way to the disk any more. */
  async close(): Promise<void> {
    await this.#syncing;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): number {
    if (this.#fd !== undefined) return this.#fd;
    system('mkdir', this.#folder, () => mkdirSync(this.#folder, { recursive: true, mode: 0o700 }));
    this.#fd = this.#openAgain() ?? this.#create();
    return this.#fd;
  }

  /** An earlier stager's of this process. */
  #openAgain(): number | undefined {
    const path = join(this.#folder, this.name);
    let fd: number;
    try {
      fd = system('open', path, () => openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW));
    } catch (thrown) {
      if (SystemError.is(thrown, 'ENOENT')) return undefined;
      throw thrown;
    }
    this.#lock(fd, path);
    const known = parseOwnerRecord(readFileSync(fd, 'latin1')).value;
    this.#next = Math.max(0, ...(known?.targets.keys() ?? [])) + 1;
    return fd;
  }

  /** It gets its name when it is locked and says whose it is: before, it would look like one that nobody has. */
  #create(): number {
    const path = join(this.#folder, this.name);
    const draft = `${path}.new`;
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
    const fd = system('open', draft, () => openSync(draft, flags, 0o600));
    try {
      this.#lock(fd, path);
      append(fd, ownerLine(this.#owner), this.name);
      system('rename', path, () => renameSync(draft, path));
      return fd;
    } catch (thrown) {
      closeSync(fd);
      throw thrown;
    }
  }

  /** Where files cannot be locked the process itself is the sign. */
  #lock(fd: number, path: string): void {
    try {
      this.#calls().setRangeLock(fd, F_WRLCK, 0n, path);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      this.#problem(thrown);
    }
  }

  /** Nobody waits for it, and it is not asked for twice at once. */
  #sync(fd: number): void {
    this.#unsynced = true;
    this.#syncing ??= this.#syncAll(fd).finally(() => {
      this.#syncing = undefined;
    });
  }

  async #syncAll(fd: number): Promise<void> {
    try {
      while (this.#unsynced) {
        this.#unsynced = false;
        await systemAsync('fdatasync', this.name, () => fdatasyncAsync(fd));
      }
    } catch (thrown) {
      this.#problem(thrown);
    }
  }

  #trying(action: () => void): void {
    try {
      action();
    } catch (thrown) {
      this.#problem(asSystemError(thrown, 'record', this.#folder));
    }
  }

  /** Once each: every save would say the same. */
  #problem(thrown: unknown): void {
    if (!(thrown instanceof SystemError)) throw thrown;
    const what = `${thrown.operation} ${thrown.errno}`;
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#onProblem(thrown);
  }
}

/** A line that a full disk or a death has cut off does not take the next one along. */
function append(fd: number, line: string, name: string): void {
  const bytes = Buffer.from(`\n${line}`, 'latin1');
  const written = system('write', name, () => writeSync(fd, bytes));
  if (written < bytes.length) {
    throw new SystemError('write', name, 'ENOSPC');
  }
}
