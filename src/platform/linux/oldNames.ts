/**
 * The folder in which old names are noted (`core/oldNames.ts`), a file for each: made by the thread that renames, and dealt with by
 * whichever window comes first. What touches the file's own folder, which may be on a machine that does not answer, is done in Node's pool.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fdatasync,
  mkdirSync,
  openSync,
  readdirSync,
  unlinkSync,
  watch,
  writeSync,
  type FSWatcher,
} from 'node:fs';
import { lstat, open, readdir, readFile, stat, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SystemError } from '../../core/errors';
import { oldNames as bounds, recordDays } from '../../core/limits';
import {
  folderOfOldName,
  isAsNoted,
  notAsNoted,
  oldNameText,
  readNote,
  timeLeft,
  toldLine,
  wholeOldName,
  type Moment,
  type OldName,
} from '../../core/oldNames';
import type { KeepOldName, NotedName, OldNameEnd, OldNames } from '../../core/ports';
import { asSystemError, system, systemAsync } from './errors';
import { LEASE_FILE_SYSTEMS, O_PATH } from './layouts';
import type { Stat } from './layouts';
import type { Host } from './linux';
import { thisOwner } from './owner';
import { closeQuietly, descriptorPath, type Place } from './place';
import { takeRecordLock } from './recordLock';

const fdatasyncAsync = promisify(fdatasync);

const DAY = 86_400_000;
/** So many that could not be removed, or were not yet, and there are no more of them. */
const MOST = 2 * bounds.names;
const noteName = /^[\da-f]{32}\.old$/;
/** Waits for nobody, wakes no device, follows nothing. */
const LOOK = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** @throws SystemError if `/proc` cannot be read */
export function thisMoment(): Moment {
  const { machine, boot } = thisOwner();
  return { machine, boot, uptime: uptime() };
}

/** CLOCK_MONOTONIC, the same for all processes of a boot; clock_gettime(2). */
function uptime(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** A note whose name is being made. */
export interface Noting {
  /** The name is there to stay. */
  stays(): void;
  /** There is no such name. Never throws. */
  drop(): void;
}

/** Notes what this process leaves. A save goes on without, and leaves nothing then. */
export class OwnOldNames {
  readonly #folder: string;
  readonly #problem: (error: SystemError) => void;
  readonly #stayed: () => void;
  readonly #now: () => Moment;
  readonly #told = new Set<string>();

  /**
   * @param stayed a name is there to stay; called in the middle of a save
   * @param now throws SystemError
   */
  constructor(folder: string, problem: (error: SystemError) => void, stayed: () => void, now = thisMoment) {
    this.#folder = folder;
    this.#problem = problem;
    this.#stayed = stayed;
    this.#now = now;
  }

  /**
   * To be called before the name is made. `undefined`: it cannot be noted, and must not be kept.
   *
   * @param clone the inode that the name leads to until an exchange
   */
  note(
    place: Place,
    name: Buffer,
    displaced: Stat,
    clone: bigint | undefined,
    folder: bigint,
    keep: KeepOldName,
  ): Noting | undefined {
    const text = oldNameText({
      path: place.realPath.toString('latin1'),
      name: name.toString('latin1'),
      inode: displaced.inode,
      clone,
      size: displaced.size,
      mtime: displaced.mtime,
      ...keep.on,
      folder,
      made: this.#now(),
      when: Date.now(),
      keepFor: keep.milliseconds,
      told: undefined,
    });
    const file = createHash('sha256').update(text).digest('hex').slice(0, 32);
    const path = join(this.#folder, `${file}.old`);
    try {
      return this.#write(path, Buffer.from(text, 'latin1'));
    } catch (thrown) {
      this.refused(thrown);
      return undefined;
    }
  }

  /** Why an inode that was to keep a name has none. Each reason is told once. @throws what is no SystemError */
  refused(thrown: unknown): void {
    if (!(thrown instanceof SystemError)) throw thrown;
    const what = `${thrown.operation} ${thrown.errno}`;
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#problem(thrown);
  }

  #write(path: string, bytes: Buffer): Noting {
    system('mkdir', this.#folder, () => mkdirSync(this.#folder, { recursive: true, mode: 0o700 }));
    const { length } = system('readdir', this.#folder, () => readdirSync(this.#folder));
    if (length >= MOST) throw new SystemError('note', this.#folder, 'EDQUOT');
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = system('open', path, () => openSync(path, flags, 0o600));
    const drop = (): void => {
      closeQuietly(fd);
      this.#trying(() => {
        system('unlink', path, () => {
          unlinkSync(path);
        });
      });
    };
    try {
      const written = system('write', path, () => writeSync(fd, bytes));
      if (written < bytes.length) throw new SystemError('write', path, 'ENOSPC');
    } catch (thrown) {
      drop();
      throw thrown;
    }
    const stays = (): void => {
      void this.#sync(fd, path);
      this.#stayed();
    };
    return { drop, stays };
  }

  /** After a power cut, recovery would take a name without its note for a leftover. Nobody waits for it. */
  async #sync(fd: number, path: string): Promise<void> {
    try {
      await systemAsync('fdatasync', path, () => fdatasyncAsync(fd));
    } catch (thrown) {
      this.refused(thrown);
    } finally {
      closeSync(fd);
    }
  }

  #trying(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.refused(thrown);
    }
  }
}

/** All that any process has noted. */
export function openOldNames(
  host: Host,
  folder: string,
  problem: (error: SystemError) => void,
  now = thisMoment,
): OldNames {
  return {
    list: () => listNotes(folder, problem, now),
    isOn: (noted, device) => new Removal(host, noted, problem).isOn(device),
    remove: (noted) => new Removal(host, noted, problem).carryOut(),
    watch: (changed) => watchNotes(folder, changed),
  };
}

async function listNotes(
  folder: string,
  problem: (error: SystemError) => void,
  now: () => Moment,
): Promise<readonly NotedName[]> {
  try {
    const moment = now();
    const { notes } = await readNotes(folder, problem);
    if (notes.length === 0) return [];
    const local = await isLocalFolder(folder);
    const timed = notes.map((note) => ({ ...note, left: timeLeft(note, moment, local, Date.now()) }));
    for (const { note } of timed.filter((one) => one.left === undefined && isLongAgo(one))) {
      await dropNote(note, problem);
    }
    return timed;
  } catch (thrown) {
    tell(problem, thrown, 'readdir', folder);
    return [];
  }
}

/** Not every machine and not every mount comes back. */
function isLongAgo({ when }: OldName): boolean {
  return Date.now() - when > recordDays * DAY;
}

async function isLocalFolder(folder: string): Promise<boolean> {
  const { type } = await statfs(folder, { bigint: true });
  return LEASE_FILE_SYSTEMS.has(BigInt.asUintN(32, type));
}

/** Another window may have done it; what cannot be done concerns this note alone. */
async function dropNote(note: string, problem: (error: SystemError) => void): Promise<void> {
  try {
    await unlink(note);
  } catch (thrown) {
    if (!isErrno(thrown, 'ENOENT')) tell(problem, thrown, 'unlink', note);
  }
}

/** The names that are not left over though their process has ended. */
export interface NotedNames {
  /** Their folders with them, as bytes in Latin-1. */
  readonly names: ReadonlySet<string>;
  /** There is no other: all notes could be read. */
  readonly all: boolean;
}

/** Never rejects: what cannot be read is told. */
export async function notedNames(folder: string, problem: (error: SystemError) => void): Promise<NotedNames> {
  try {
    const { notes, foreign, all } = await readNotes(folder, problem);
    return { names: new Set([...notes, ...foreign].map(wholeOldName)), all };
  } catch (thrown) {
    tell(problem, thrown, 'readdir', folder);
    return { names: new Set(), all: false };
  }
}

interface ReadNotes {
  readonly notes: readonly (OldName & { readonly note: string })[];
  /** What notes of other formats say, as far as it can be read. */
  readonly foreign: readonly Pick<OldName, 'path' | 'name'>[];
  /** None of them is of another format and does not even say of which name it is, or cannot be read. */
  readonly all: boolean;
}

/** Rejects as readdir(3) says. */
async function readNotes(folder: string, problem: (error: SystemError) => void): Promise<ReadNotes> {
  const notes: (OldName & { readonly note: string })[] = [];
  const foreign: Pick<OldName, 'path' | 'name'>[] = [];
  let all = true;
  for (const name of await readdir(folder).catch(emptyIfMissing)) {
    if (!noteName.test(name)) continue;
    const note = join(folder, name);
    try {
      const read = readNote(await readFile(note, 'latin1'));
      if (read.is === 'note') notes.push({ ...read.value, note });
      else if (read.is === 'broken') await dropBroken(note, problem);
      else if (read.of === undefined) all = false;
      else foreign.push(read.of);
    } catch (thrown) {
      if (isErrno(thrown, 'ENOENT')) continue;
      tell(problem, thrown, 'read', note);
      all = false;
    }
  }
  return { notes, foreign, all };
}

/** It is being written; or was when its process ended, and then no name was made. */
async function dropBroken(note: string, problem: (error: SystemError) => void): Promise<void> {
  if (Date.now() - (await stat(note)).mtimeMs > DAY) await dropNote(note, problem);
}

function emptyIfMissing(thrown: unknown): string[] {
  if (isErrno(thrown, 'ENOENT')) return [];
  throw thrown;
}

/** One name that is to go. */
class Removal {
  readonly #host: Host;
  readonly #noted: NotedName;
  readonly #problem: (error: SystemError) => void;
  /** For messages. */
  readonly #path: string;
  /** Why the folder is not there, as an errno: another file system is at that place (ENODEV), or it is gone or renamed. */
  #missing = 'ENODEV';

  constructor(host: Host, noted: NotedName, problem: (error: SystemError) => void) {
    this.#host = host;
    this.#noted = noted;
    this.#problem = problem;
    this.#path = bytesOf(wholeOldName(noted)).toString();
  }

  async isOn(device: bigint): Promise<boolean> {
    try {
      const directory = await this.#openFolder();
      try {
        return (await directory?.stat({ bigint: true }))?.dev === device;
      } finally {
        await directory?.close();
      }
    } catch (thrown) {
      // Why it cannot be removed is told when it is due.
      if (asSystemError(thrown, 'open', this.#path) instanceof SystemError) return false;
      throw thrown;
    }
  }

  async carryOut(): Promise<OldNameEnd> {
    const { note } = this.#noted;
    let file: FileHandle;
    try {
      file = await open(note, constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW);
    } catch (thrown) {
      if (isErrno(thrown, 'ENOENT')) return 'over';
      tell(this.#problem, thrown, 'open', note);
      return 'later';
    }
    try {
      return await this.#asOnlyOne(file);
    } catch (thrown) {
      tell(this.#problem, thrown, 'lock', note);
      return 'later';
    } finally {
      await file.close();
    }
  }

  async #asOnlyOne(file: FileHandle): Promise<OldNameEnd> {
    const { note } = this.#noted;
    if (!this.#lock(file)) return 'busy';
    // Whoever had it before us may have done it.
    if ((await file.stat()).nlink === 0) return 'over';
    const read = readNote(await file.readFile('latin1'));
    const { told } = read.is === 'note' ? read.value : this.#noted;
    try {
      const end = await this.#remove();
      await unlink(note);
      return end;
    } catch (thrown) {
      const operation = thrown instanceof Error && 'syscall' in thrown ? String(thrown.syscall) : 'remove';
      const error = asSystemError(thrown, operation, this.#path);
      if (!(error instanceof SystemError)) throw error;
      if (error.errno !== told) {
        this.#problem(error);
        await file.appendFile(toldLine(error.errno), 'latin1');
      }
      return 'later';
    }
  }

  /** Where nothing can be locked two windows may try the same, and one of them finds it done. @throws SystemError */
  #lock(file: FileHandle): boolean {
    try {
      return takeRecordLock(this.#host, file.fd, this.#noted.note);
    } catch (thrown) {
      if (SystemError.is(thrown, 'ENOLCK', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL')) return true;
      throw thrown;
    }
  }

  /** @throws what the system says; EEXIST: what is there is not what was noted */
  async #remove(): Promise<'removed' | 'over'> {
    const directory = await this.#openFolder();
    if (directory === undefined) return this.#forgetAfterLong();
    try {
      const at = `${descriptorPath(directory.fd)}/${this.#noted.name}`;
      if (!(await this.#isThere(at))) return 'over';
      await unlink(at);
      return 'removed';
    } catch (thrown) {
      // Somebody was quicker.
      if (isErrno(thrown, 'ENOENT')) return 'over';
      throw thrown;
    } finally {
      await directory.close();
    }
  }

  /** `undefined`: see `#missing`. */
  async #openFolder(): Promise<FileHandle | undefined> {
    const { fileSystem, folder, lastingNumbers } = this.#noted;
    let directory: FileHandle;
    try {
      const at = bytesOf(folderOfOldName(this.#noted));
      directory = await open(at, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    } catch (thrown) {
      if (!isErrno(thrown, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw thrown;
      this.#missing = 'ENOENT';
      return undefined;
    }
    try {
      const { type } = await statfs(descriptorPath(directory.fd), { bigint: true });
      const { ino } = await directory.stat({ bigint: true });
      if (BigInt.asUintN(32, type) === fileSystem && (ino === folder || !lastingNumbers)) return directory;
    } catch (thrown) {
      await directory.close();
      throw thrown;
    }
    await directory.close();
    return undefined;
  }

  /** Opened, because a client of NFS asks the server only then what is really there (nfs(5), close-to-open). */
  async #isThere(at: string): Promise<boolean> {
    let file: FileHandle;
    try {
      if (!(await lstat(at)).isFile()) throw this.#somethingElse();
      file = await open(at, LOOK);
    } catch (thrown) {
      if (isErrno(thrown, 'ENOENT')) return false;
      // What a link leads to is not looked at: ELOOP, or it was one all the time.
      throw isErrno(thrown, 'ELOOP') ? this.#somethingElse() : thrown;
    }
    try {
      const [opened, named] = [await file.stat({ bigint: true }), await lstat(at, { bigint: true })];
      for (const found of [opened, named]) {
        const { ino: inode, size, mtimeNs: mtime } = found;
        const kind = found.isFile() ? 'regular' : 'other';
        if (!isAsNoted(this.#noted, { kind, inode, size, mtime })) throw this.#somethingElse();
      }
      return true;
    } finally {
      await file.close();
    }
  }

  #somethingElse(): SystemError {
    return new SystemError('remove', this.#path, notAsNoted);
  }

  #forgetAfterLong(): 'over' {
    if (isLongAgo(this.#noted)) return 'over';
    throw new SystemError('open', this.#path, this.#missing);
  }
}

/** `undefined`: there is no such folder, and so no name to be removed. */
function watchNotes(folder: string, changed: () => void): (() => void) | undefined {
  let watcher: FSWatcher;
  try {
    watcher = system('watch', folder, () => watch(folder, { persistent: false }, changed));
  } catch (thrown) {
    if (SystemError.is(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
  // The folder itself is gone: every save makes it anew, and is told of by itself.
  watcher.on('error', () => {
    watcher.close();
  });
  return () => {
    watcher.close();
  };
}

function tell(problem: (error: SystemError) => void, thrown: unknown, operation: string, path: string): void {
  const error = asSystemError(thrown, operation, path);
  problem(error instanceof SystemError ? error : new SystemError(operation, path, 'UNKNOWN', thrown));
}

function bytesOf(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

function isErrno(thrown: unknown, ...codes: readonly string[]): boolean {
  return thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code));
}
