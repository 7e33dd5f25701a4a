import { closeSync } from 'node:fs';
import { SystemError } from '../../core/errors.js';
import type { Loss, Staged } from '../../core/ports.js';
import { Clone, createNameless } from './clone.js';
import { copyBytes } from './copy.js';
import type { Stat } from './layouts.js';
import type { Host } from './linux.js';
import { readMetadata, Transfer } from './metadata.js';
import type { Place } from './place.js';
import { StagedClone } from './publish.js';

/** Same bytes and same metadata, as far as the kernel tells: nobody has touched the inode between the two looks. */
export function untouched(before: Stat, now: Stat): boolean {
  return before.size === now.size && before.mtime === now.mtime && before.ctime === now.ctime;
}

/**
 * Makes the clone; see `Target.stage`. On every way out but the good one nothing is left of it.
 *
 * @throws SystemError: what open(2), read(2), write(2) say (ENOSPC, EDQUOT, EIO …); EAGAIN if somebody holds a write
 *   lease on the target; ESTALE if the target was touched since it was opened; ECANCELED
 */
export async function stage(host: Host, place: Place, examined: Stat, signal: AbortSignal): Promise<Staged> {
  const { libc } = host;
  const source = place.openReader();
  try {
    const clone = Clone.create(host, place);
    try {
      const transfer = new Transfer(libc, clone.fd, readMetadata(libc, source, examined, place.path), place.path);
      transfer.prepare();
      await copyBytes(host, source, clone.fd, examined, signal, place.path);
      transfer.finish();
      const losses = transfer.compare();
      if (!untouched(examined, libc.statDescriptor(source, place.path))) {
        throw new SystemError('stage', place.path, 'ESTALE');
      }
      const built = libc.statDescriptor(clone.fd, place.path);
      if (built.size !== examined.size) {
        throw new SystemError('stage', place.path, 'EIO');
      }
      if (signal.aborted) {
        throw new SystemError('stage', place.path, 'ECANCELED');
      }
      return new StagedClone(host, place, clone, { device: built.device, inode: built.inode }, examined, losses);
    } catch (thrown) {
      clone.close();
      throw thrown;
    }
  } finally {
    closeSync(source);
  }
}

/**
 * Finds what a clone would lose, with a nameless empty file; see `Target.rehearse`.
 *
 * @throws SystemError as `stage`, without those about bytes
 */
export function rehearse(host: Host, place: Place, examined: Stat): readonly Loss[] | undefined {
  const source = place.openReader();
  try {
    const fd = createNameless(place);
    if (fd === undefined) {
      return undefined;
    }
    try {
      const transfer = new Transfer(host.libc, fd, readMetadata(host.libc, source, examined, place.path), place.path);
      transfer.prepare();
      transfer.finish();
      return transfer.compare();
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(source);
  }
}
