import { closeSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { SystemError } from '../../core/errors';
import type { Loss, Staged } from '../../core/ports';
import { Clone, untouched } from './clone';
import { copyBytes, copySmall, SMALL, writeSmall } from './copy';
import { systemAsync } from './errors';
import type { Stat } from './layouts';
import type { Host } from './linux';
import { readMetadata, Transfer } from './metadata';
import type { Place } from './place';
import { StagedClone } from './publish';

const writeAsync = promisify(write);

/** What a new inode is made like: a descriptor to read from, and what the inode said when it was examined. */
export interface Original {
  readonly fd: number;
  readonly examined: Stat;
}

/** A complete new inode, and what it could not be given. */
export interface Made {
  readonly clone: Clone;
  readonly losses: readonly Loss[];
}

/**
 * Makes the clone; see `Target.stage`. On every way out but the good one nothing is left of it.
 *
 * @throws SystemError as `make`
 */
export async function stage(host: Host, place: Place, examined: Stat, signal: AbortSignal): Promise<Staged> {
  const { clone, losses } = await withReader(place, (fd) => make(host, place, { fd, examined }, undefined, signal));
  try {
    const { device, inode } = host.libc.statDescriptor(clone.fd, place.path);
    return new StagedClone(host, place, clone, { device, inode }, examined, losses);
  } catch (thrown) {
    clone.close();
    throw thrown;
  }
}

export async function withReader<T>(place: Place, work: (fd: number) => Promise<T>): Promise<T> {
  const fd = place.openReader();
  try {
    return await work(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes a new inode with all that the original carries, and its bytes, or those of `content`.
 *
 * In the workshop if that is possible and loses nothing, else beside the target: what was born in the target's directory has
 * inherited what only that directory can give (a security label, a project, a group).
 *
 * @throws SystemError: what open(2), read(2), write(2) say (ENOSPC, EDQUOT, EIO …); EAGAIN if somebody holds a write
 *   lease on the target; ESTALE if the original was touched since it was examined; ECANCELED
 */
export async function make(
  host: Host,
  place: Place,
  original: Original,
  content: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<Made> {
  host.record?.note(place);
  const apart = Clone.create(host, place, 'apart');
  if (apart !== undefined) {
    const losses = await fill(host, place, apart, original, content, signal);
    // Nobody is given a file of another owner by a directory.
    if (losses.every(({ what }) => what === 'owner')) {
      return { clone: apart, losses };
    }
    apart.close();
  }
  const beside = Clone.create(host, place, 'beside');
  if (beside === undefined) {
    throw new SystemError('create', place.path, 'EINVAL');
  }
  const losses = await fill(host, place, beside, original, content, signal);
  try {
    if (beside.name !== undefined) {
      host.record?.completes(beside.name);
    }
    return { clone: beside, losses };
  } catch (thrown) {
    beside.close();
    throw thrown;
  }
}

/**
 * Makes a clone beside the target, before this returns: of a file that is so small that nobody waits long for it. As `make` otherwise, but
 * written down nowhere.
 *
 * @throws SystemError as `make`
 */
export function makeAtOnce(host: Host, place: Place, original: Original): Made {
  const clone = Clone.create(host, place, 'beside');
  if (clone === undefined) {
    throw new SystemError('create', place.path, 'EINVAL');
  }
  try {
    const transfer = begin(host, place, clone, original);
    copySmall(original.fd, clone.fd, Number(original.examined.size), place.path);
    const losses = transferred(transfer);
    check(host, place, clone, original, original.examined.size);
    return { clone, losses };
  } catch (thrown) {
    clone.close();
    throw thrown;
  }
}

/** Gives the new inode everything. Closes it on every way out but the good one. */
async function fill(
  host: Host,
  place: Place,
  clone: Clone,
  original: Original,
  content: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<readonly Loss[]> {
  const { fd, examined } = original;
  try {
    const transfer = begin(host, place, clone, original);
    if (content === undefined) {
      await copyBytes(host, fd, clone.fd, examined, signal, place.path);
    }
    const losses = transferred(transfer);
    if (content !== undefined) {
      // After the metadata: the kernel takes from it what it takes from a file that is written in place (setuid, setgid, file
      // capabilities; fs/inode.c, file_remove_privs).
      await writeAll(clone.fd, content, signal, place.path);
    }
    check(host, place, clone, original, content === undefined ? examined.size : BigInt(content.length));
    if (signal.aborted) {
      throw new SystemError('stage', place.path, 'ECANCELED');
    }
    return losses;
  } catch (thrown) {
    clone.close();
    throw thrown;
  }
}

/** What comes before the bytes. */
function begin({ libc }: Host, { path }: Place, clone: Clone, { fd, examined }: Original): Transfer {
  const transfer = new Transfer(libc, clone.fd, readMetadata(libc, fd, examined, path), path);
  transfer.prepare();
  return transfer;
}

/** What comes after them, and what was lost. */
function transferred(transfer: Transfer): readonly Loss[] {
  transfer.finish();
  return transfer.compare();
}

function check({ libc }: Host, { path }: Place, clone: Clone, { fd, examined }: Original, expected: bigint): void {
  if (!untouched(examined, libc.statDescriptor(fd, path))) {
    throw new SystemError('stage', path, 'ESTALE');
  }
  if (libc.statDescriptor(clone.fd, path).size !== expected) {
    throw new SystemError('stage', path, 'EIO');
  }
}

async function writeAll(fd: number, content: Uint8Array, signal: AbortSignal, path: string): Promise<void> {
  if (content.length <= SMALL) {
    writeSmall(fd, content, path);
    return;
  }
  for (let written = 0; written < content.length;) {
    if (signal.aborted) {
      throw new SystemError('stage', path, 'ECANCELED');
    }
    const offset = written;
    const { bytesWritten } = await systemAsync('write', path, () =>
      writeAsync(fd, content, offset, content.length - offset, offset),
    );
    written += bytesWritten;
  }
}
