/** Heals in the middle of which a process ended, found by what it had written down, and brought to an end. Runs beside the saves. */
import { constants } from 'node:fs';
import { open, readdir, readFile, stat, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { SystemError } from '../../../core/errors';
import { ended, type Owner } from '../../../core/ownerRecord';
import type { Salvage } from '../../../core/ports';
import { judgeHeld, parseHealRecord, type HealRecord } from '../../../core/violations/healRecord';
import { violationLimits } from '../../../core/violations/limits';
import { isWritten } from '../gate/closed';
import { LEASE_FILE_SYSTEMS } from '../layouts';
import type { Host } from '../linux';
import { lookFor } from '../owner';
import { descriptorPath } from '../place';
import { takeRecordLock } from '../recordLock';
import { trying } from '../trying';
import { loose, noteName, runningName } from './healNote';

const DAY = 86_400_000;
const LOOK = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * Deals with each record whose process has ended. Never rejects: what fails is told, and the next one is looked at.
 *
 * @param folder where heals are written down
 */
export async function recoverHeals(
  host: Host,
  folder: string,
  us: Owner,
  salvage: Salvage,
  signal: AbortSignal,
): Promise<void> {
  const listed = await trying(salvage, folder, async () => (await readdir(folder).catch(emptyIfMissing)).toSorted());
  const names = new Set(listed);
  for (const name of names) {
    if (signal.aborted) return;
    const path = join(folder, name);
    await trying(salvage, path, async () => {
      if (noteName.test(name)) await recoverHeal(host, us, salvage, folder, name);
      else if (loose.test(name) && !names.has(name.replace(/running$/, 'heal'))) await dropOld(path);
    });
  }
}

function emptyIfMissing(thrown: unknown): string[] {
  if (isMissing(thrown)) return [];
  throw thrown;
}

/** Its process ended before there was a record, or after. */
async function dropOld(path: string): Promise<void> {
  const { mtimeMs } = await stat(path);
  if (Date.now() - mtimeMs > DAY) await unlink(path);
}

async function isOld(file: FileHandle): Promise<boolean> {
  return Date.now() - (await file.stat()).mtimeMs > DAY;
}

/** The record, and the bytes beside it. */
async function drop(path: string, running: string): Promise<void> {
  await unlink(path);
  await unlink(running).catch((thrown: unknown) => {
    if (!isMissing(thrown)) throw thrown;
  });
}

async function recoverHeal(host: Host, us: Owner, salvage: Salvage, folder: string, name: string): Promise<void> {
  const path = join(folder, name);
  const running = join(folder, runningName(name));
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    const locked = !takeRecordLock(host, file.fd, path);
    const record = parseHealRecord(await file.readFile('latin1'));
    if (record === undefined) {
      // A power cut leaves such ones: they are not synced. After one, nobody runs from the held inode any more.
      if (locked || !(await isOld(file))) throw new SystemError('parse', path, 'EINVAL');
      await drop(path, running);
      return;
    }
    const { type } = await statfs(path, { bigint: true });
    const local = LEASE_FILE_SYSTEMS.has(BigInt.asUintN(32, type));
    if (!ended(record.owner, us, { locked, local, process: lookFor(record.owner) })) return;
    await finish(host, record, record.owner.boot === us.boot, running, salvage);
    await drop(path, running);
  } finally {
    await file.close();
  }
}

/**
 * The name leads to nothing: it was not begun, or was over. To the new inode: all that it has is in the held one, at the path, where nobody
 * was let in to the new one. To the held one: it gets its old bytes, and what it has is at the path, or is kept.
 */
async function finish(
  host: Host,
  { path, temporary, device, inode }: HealRecord,
  isThisBoot: boolean,
  running: string,
  salvage: Salvage,
): Promise<void> {
  const target = Buffer.from(path, 'latin1');
  const shown = target.toString();
  const name = Buffer.from(`${path.slice(0, path.lastIndexOf('/') + 1)}${temporary}`, 'latin1');
  const left = await openFile(name);
  if (!left) return;
  try {
    const found = await left.stat({ bigint: true });
    const isHeld = isThisBoot && found.dev === device && found.ino === inode;
    if (!found.isFile()) throw new SystemError('recover', name.toString(), 'EINVAL');
    if (isWritten(host, left.fd, shown)) throw new SystemError('recover', name.toString(), 'EBUSY');
    // Numbers say nothing after a boot, and nobody runs from it any more.
    const wanted = isHeld || !isThisBoot ? await readFile(running) : undefined;
    const held = await left.readFile();
    const current = await bytesAt(target);
    const judged = judgeHeld(held, wanted ?? held, current);
    if (judged === 'other') await salvage.keep(left.fd, shown);
    if (isHeld && wanted && judged !== 'running') await overwrite(left.fd, wanted);
    await unlink(name);
    salvage.healed(shown, isHeld ? 'finished' : 'undone');
  } finally {
    await left.close();
  }
}

/** What needs room first, as in a heal: a second death changes nothing. */
async function overwrite(fd: number, bytes: Uint8Array): Promise<void> {
  const writer = await open(descriptorPath(fd), constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const { size } = await writer.stat();
    const write = async (start: number, end: number): Promise<void> => {
      for (let at = start; at < end;) at += (await writer.write(bytes, at, end - at, at)).bytesWritten;
    };
    await write(Math.min(size, bytes.length), bytes.length);
    await write(0, Math.min(size, bytes.length));
    await writer.truncate(bytes.length);
  } finally {
    await writer.close();
  }
}

/** `undefined`: nothing that could be compared. */
async function bytesAt(path: Buffer): Promise<Uint8Array | undefined> {
  const file = await openFile(path);
  try {
    const found = await file?.stat();
    return found?.isFile() === true && found.size <= violationLimits.compared ? await file?.readFile() : undefined;
  } finally {
    await file?.close();
  }
}

async function openFile(path: Buffer): Promise<FileHandle | undefined> {
  try {
    return await open(path, LOOK);
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR');
}
