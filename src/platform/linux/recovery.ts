/**
 * What earlier processes left in the middle of a save, found by their records and dealt with. Runs beside the saves: whatever may
 * wait for a disk or for another machine is done in Node's pool, one thing at a time, so that a dead mount costs one of its threads
 * and nothing else.
 */
import { createHash } from 'node:crypto';
import { constants, fstatSync, lstatSync, unlinkSync, type BigIntStats } from 'node:fs';
import { lstat, open, readdir, stat, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { SystemError } from '../../core/errors';
import { judgeLeftover, type LeftoverFacts } from '../../core/leftover';
import { limits, recordDays } from '../../core/limits';
import { ended, parseOwnerRecord, type Owner, type OwnerRecord, type ProtectedFile } from '../../core/ownerRecord';
import type { Salvage } from '../../core/ports';
import { parseTemporaryName } from '../../core/temporaryName';
import { digestInto } from '../digest';
import { closedForWriting } from './gate/closed';
import { quietLease } from './gate/leases';
import { LEASE_FILE_SYSTEMS, O_PATH } from './layouts';
import type { Host } from './linux';
import { lookFor, thisOwner } from './owner';
import { notedNames, type NotedNames } from './oldNames';
import { descriptorPath } from './place';
import { takeRecordLock } from './recordLock';
import { draftName, recordName } from './records';
import { trying } from './trying';
import { unprotect } from './veto';
import { recoverHeals } from './violations/healRecovery';

const DAY = 86_400_000;
const PIECE = 1 << 18;
/** Waits for nobody, wakes no device, follows nothing. */
const LOOK = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * Never rejects: what fails is told, and the next one is looked at.
 *
 * @param healsFolder where heals are written down; whose names are those of saves, and are dealt with before them
 * @param oldNamesFolder where old names are noted; those are no leftovers
 */
export async function recover(
  host: Host,
  folder: string,
  salvage: Salvage,
  signal: AbortSignal,
  healsFolder?: string,
  oldNamesFolder?: string,
): Promise<void> {
  await trying(salvage, folder, async () => {
    const us = thisOwner();
    if (healsFolder !== undefined) await recoverHeals(host, healsFolder, us, salvage, signal);
    const kept = new Set<string>();
    const names = (await readdir(folder).catch(emptyIfMissing)).sort();
    for (const name of names) {
      if (signal.aborted) return;
      const path = join(folder, name);
      if (draftName.test(name)) await trying(salvage, path, () => dropOldDraft(path));
      if (!recordName.test(name) || name === host.record?.name || isAmbiguous(name, names)) continue;
      const going = await trying(salvage, path, () =>
        recoverOwner({ host, us, salvage, signal, kept, oldNamesFolder }, path),
      );
      if (going === 'stuck') return;
    }
  });
}

function emptyIfMissing(thrown: unknown): string[] {
  if (isErrno(thrown, 'ENOENT')) return [];
  throw thrown;
}

/** Of two processes in different places that had the same pid and start time: a name does not say whose it is. */
function isAmbiguous(name: string, names: readonly string[]): boolean {
  const prefix = name.slice(0, name.lastIndexOf('-') + 1);
  return names.some((other) => other !== name && recordName.test(other) && other.startsWith(prefix));
}

/** Its process ended before it had a name. */
async function dropOldDraft(path: string): Promise<void> {
  const { mtimeMs } = await stat(path);
  if (Date.now() - mtimeMs > DAY) await unlink(path);
}

interface Recovery {
  readonly host: Host;
  readonly us: Owner;
  readonly salvage: Salvage;
  readonly signal: AbortSignal;
  /** Digests of what was kept, and of what that was a version. */
  readonly kept: Set<string>;
  readonly oldNamesFolder: string | undefined;
}

/** `stuck`: a folder cannot be listed; another one might hold another thread of the pool. */
async function recoverOwner(recovery: Recovery, path: string): Promise<'stuck' | undefined> {
  const { host, us, salvage, signal } = recovery;
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    // From here on it is ours alone, or it was somebody's.
    const locked = !takeRecordLock(host, file.fd, path);
    const { value: record, problems } = parseOwnerRecord(await file.readFile('latin1'));
    const [problem] = problems;
    if (problem !== undefined) salvage.problem(new SystemError('parse', path, 'EINVAL', new Error(problem)));
    if (record === undefined) return undefined;
    const { type } = await statfs(path, { bigint: true });
    const local = LEASE_FILE_SYSTEMS.has(BigInt.asUintN(32, type));
    if (!ended(record.owner, us, { locked, local, process: lookFor(record.owner) })) return undefined;
    let done = true;
    for (const [protectedPath, file] of record.protectedFiles) {
      if (signal.aborted) return undefined;
      const dealtWith = await trying(salvage, bytesOf(protectedPath).toString(), () =>
        unprotectLeft(recovery, protectedPath, file),
      );
      done &&= dealtWith === true;
    }
    // Before any name is looked for: a note goes after its name.
    const noted = await allNoted(recovery);
    for (const folder of foldersOf(record)) {
      if (signal.aborted) return undefined;
      const outcome = await trying(salvage, folder, () => recoverFolder(recovery, record, folder, noted));
      if (outcome === 'stuck') return 'stuck';
      done &&= outcome === 'done';
    }
    // The rest is left to the next start.
    if (signal.aborted) return undefined;
    const { mtimeMs } = await file.stat();
    if (done || Date.now() - mtimeMs > recordDays * DAY) await unlink(path);
    return undefined;
  } finally {
    await file.close();
  }
}

async function allNoted({ oldNamesFolder, salvage }: Recovery): Promise<NotedNames> {
  if (oldNamesFolder === undefined) return { names: new Set(), all: true };
  return notedNames(oldNamesFolder, (error) => {
    salvage.problem(error);
  });
}

/**
 * A file that was to be protected for a moment when the process died.
 *
 * @param at real path as bytes in Latin-1
 */
async function unprotectLeft({ host, salvage }: Recovery, at: string, { by, inode }: ProtectedFile): Promise<true> {
  const path = bytesOf(at).toString();
  let file: FileHandle;
  try {
    file = await open(bytesOf(at), LOOK);
  } catch (thrown) {
    // It was removed since: whoever may do that has found no protection.
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR', 'ELOOP')) return true;
    throw thrown;
  }
  try {
    const found = await file.stat({ bigint: true });
    // By permissions it could have been replaced.
    if (found.isFile() && found.ino === inode && unprotect(host.libc, file.fd, by, path)) salvage.unprotected(path);
    return true;
  } finally {
    await file.close();
  }
}

/** As bytes in Latin-1. */
function foldersOf({ targets }: OwnerRecord): ReadonlySet<string> {
  return new Set([...targets.values()].map(folderOf));
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1));
}

function bytesOf(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** `later`: something is left that may be dealt with another time. */
async function recoverFolder(
  recovery: Recovery,
  record: OwnerRecord,
  folder: string,
  noted: NotedNames,
): Promise<'done' | 'later' | 'stuck'> {
  const { salvage, signal } = recovery;
  const listed = await inTime(list(folder, record.owner));
  if (listed === 'late') {
    salvage.problem(new SystemError('readdir', bytesOf(folder).toString(), 'ETIMEDOUT'));
    return 'stuck';
  }
  // Removed, or not mounted.
  if (listed === undefined) return 'later';
  const { directory, names } = listed;
  try {
    let done = true;
    // Any of them may be an old name. None is where no other machine is.
    if (!noted.all && names.length > 0 && !(await hasLeases(directory))) return 'later';
    for (const name of names) {
      if (signal.aborted) return 'later';
      // The record stays for as long as it: should its note be lost, it is a leftover.
      if (noted.names.has(`${folder === '/' ? '' : folder}/${name}`)) {
        done = false;
        continue;
      }
      const dealtWith = await trying(salvage, join(bytesOf(folder).toString(), name), () =>
        new Leftover(recovery, record, folder, directory, name).dealWith(),
      );
      done &&= dealtWith === true;
    }
    return done ? 'done' : 'later';
  } finally {
    await directory.close();
  }
}

interface Listed {
  readonly directory: FileHandle;
  readonly names: readonly string[];
}

async function list(folder: string, { pid, startTime }: Owner): Promise<Listed | undefined> {
  let directory: FileHandle;
  try {
    directory = await open(bytesOf(folder), O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw thrown;
  }
  try {
    const names = (await readdir(descriptorPath(directory.fd), 'latin1')).filter((name) => {
      const parsed = parseTemporaryName(name);
      return parsed?.pid === pid && parsed.startTime === startTime;
    });
    return { directory, names };
  } catch (thrown) {
    await directory.close();
    throw thrown;
  }
}

/** What comes too late is closed when it comes. */
async function inTime(listing: Promise<Listed | undefined>): Promise<Listed | undefined | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => {
      over = true;
      resolve('late');
    }, limits.recoveryLook);
  });
  const closed = listing.then(async (listed) => {
    if (over) await listed?.directory.close();
    return listed;
  });
  try {
    return await Promise.race([closed, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One temporary name. */
class Leftover {
  readonly #host: Host;
  readonly #salvage: Salvage;
  readonly #signal: AbortSignal;
  readonly #kept: Set<string>;
  readonly #record: OwnerRecord;
  readonly #sameBoot: boolean;
  readonly #name: string;
  /** Below the pinned folder. */
  readonly #at: string;
  /** For messages. */
  readonly #path: string;
  /** What it was on its way to; `undefined`: the record does not say. */
  readonly #target: string | undefined;
  readonly #targetAt: Buffer;

  constructor(
    { host, us, salvage, signal, kept }: Recovery,
    record: OwnerRecord,
    folder: string,
    directory: FileHandle,
    name: string,
  ) {
    this.#host = host;
    this.#salvage = salvage;
    this.#signal = signal;
    this.#kept = kept;
    this.#record = record;
    this.#sameBoot = record.owner.boot === us.boot;
    this.#name = name;
    this.#at = `${descriptorPath(directory.fd)}/${name}`;
    this.#path = join(bytesOf(folder).toString(), name);
    const target = record.targets.get(parseTemporaryName(name)?.target ?? 0);
    this.#target = target !== undefined && folderOf(target) === folder ? target : undefined;
    const base = target?.slice(target.lastIndexOf('/') + 1) ?? '';
    this.#targetAt = bytesOf(`${descriptorPath(directory.fd)}/${base}`);
  }

  /** False: it is to be looked at again. */
  async dealWith(): Promise<boolean> {
    // The last lines of a record may have been lost with the machine.
    if (this.#target === undefined) return this.#leave('ENOKEY');
    if (!(await lstat(this.#at)).isFile()) return this.#leave('EINVAL');
    const file = await open(this.#at, LOOK);
    try {
      return await this.#judge(file, bytesOf(this.#target).toString());
    } finally {
      await file.close();
    }
  }

  async #judge(file: FileHandle, target: string): Promise<boolean> {
    const leases = await hasLeases(file);
    // The editor may be writing it at this moment, or go on with what it has open.
    if (leases && !(await closedForWriting(this.#host, file.fd, this.#path, limits.recoveryWriters))) {
      throw new SystemError('recover', this.#path, 'EBUSY');
    }
    const before = await file.stat({ bigint: true });
    const verdict = judgeLeftover(await this.#look(file, before));
    if (verdict === 'leave') return this.#leave('EPERM');
    if (verdict === 'keep') await this.#keep(file, target);
    if (leases) this.#removeIfUntouched(file.fd, before);
    else await this.#removeWithoutLease(file, before);
    this.#salvage.removed(this.#path);
    return true;
  }

  /** A save can leave the same version more than once. */
  async #keep(file: FileHandle, target: string): Promise<void> {
    const hash = createHash('sha256');
    await digestInto(hash, file.fd, this.#signal);
    const version = `${hash.digest('base64')} ${target}`;
    if (this.#kept.has(version)) return;
    await this.#salvage.keep(file.fd, target);
    this.#kept.add(version);
  }

  async #look(file: FileHandle, { size, uid, nlink }: BigIntStats): Promise<LeftoverFacts> {
    const current = await openCurrent(this.#targetAt);
    try {
      const owner = (await current?.stat())?.uid;
      return {
        kind: 'regular',
        ours: Number(uid) === this.#host.uid || Number(uid) === owner,
        empty: size === 0n,
        otherNames: nlink > 1n,
        unfinished: this.#sameBoot && this.#record.unfinished.has(this.#name),
        compared: current === undefined ? 'unknown' : await compare(file, current),
      };
    } finally {
      await current?.close();
    }
  }

  /** Whoever opens it for writing while we hold the lease is let in, and it stays. */
  #removeIfUntouched(fd: number, before: BigIntStats): void {
    const lease = quietLease(this.#host.gateCalls(), fd, this.#path);
    let taken = false;
    try {
      lease.take();
      taken = true;
    } catch (thrown) {
      // Of another user's file we may have none.
      if (!SystemError.is(thrown, 'EACCES', 'EINVAL')) throw thrown;
    }
    try {
      const same =
        isSame(fstatSync(fd, { bigint: true }), before) && isSame(lstatSync(this.#at, { bigint: true }), before);
      if (!same || (taken && lease.state() !== 'kept')) throw new SystemError('recover', this.#path, 'EBUSY');
      unlinkSync(this.#at);
    } finally {
      lease.letGo();
    }
  }

  async #removeWithoutLease(file: FileHandle, before: BigIntStats): Promise<void> {
    const same =
      isSame(await file.stat({ bigint: true }), before) && isSame(await lstat(this.#at, { bigint: true }), before);
    if (!same) throw new SystemError('recover', this.#path, 'EBUSY');
    await unlink(this.#at);
  }

  #leave(errno: string): true {
    this.#salvage.problem(new SystemError('recover', this.#path, errno));
    return true;
  }
}

/** And so is on a disk of this machine's own. */
async function hasLeases(file: FileHandle): Promise<boolean> {
  const { type } = await statfs(descriptorPath(file.fd), { bigint: true });
  return LEASE_FILE_SYSTEMS.has(BigInt.asUintN(32, type));
}

/** `undefined`: there is nothing that could be compared. */
async function openCurrent(path: Buffer): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    if (!(await lstat(path)).isFile()) return undefined;
    file = await open(path, LOOK);
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'ENXIO')) return undefined;
    throw thrown;
  }
  return file;
}

async function compare(leftover: FileHandle, current: FileHandle): Promise<'equal' | 'beginning' | 'other'> {
  const [one, other] = [Buffer.allocUnsafe(PIECE), Buffer.allocUnsafe(PIECE)];
  for (let at = 0; ;) {
    const { bytesRead: length } = await leftover.read(one, 0, PIECE, at);
    if (length === 0) return (await current.read(other, 0, 1, at)).bytesRead === 0 ? 'equal' : 'beginning';
    for (let read = 0; read < length;) {
      const { bytesRead } = await current.read(other, read, length - read, at + read);
      if (bytesRead === 0) return 'other';
      read += bytesRead;
    }
    if (one.compare(other, 0, length, 0, length) !== 0) return 'other';
    at += length;
  }
}

function isSame(now: BigIntStats, before: BigIntStats): boolean {
  return now.dev === before.dev && now.ino === before.ino && now.size === before.size && now.mtimeNs === before.mtimeNs;
}

function isErrno(thrown: unknown, ...codes: readonly string[]): boolean {
  return thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code));
}
