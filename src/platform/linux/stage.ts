import { closeSync } from 'node:fs';
import { SystemError } from '../../core/errors';
import type { Staged } from '../../core/ports';
import { Clone, untouched } from './clone';
import { copyBytes } from './copy';
import type { Stat } from './layouts';
import type { Host } from './linux';
import { readMetadata, Transfer } from './metadata';
import type { Place } from './place';
import { StagedClone } from './publish';

/**
 * Makes the clone; see `Target.stage`. On every way out but the good one nothing is left of it.
 *
 * In the workshop if that is possible and loses nothing, else beside the target: a clone that was born in the target's
 * directory has inherited what only that directory can give (a security label, a project).
 *
 * @throws SystemError: what open(2), read(2), write(2) say (ENOSPC, EDQUOT, EIO …); EAGAIN if somebody holds a write
 *   lease on the target; ESTALE if the target was touched since it was opened; ECANCELED
 */
export async function stage(host: Host, place: Place, examined: Stat, signal: AbortSignal): Promise<Staged> {
  const apart = Clone.create(host, place, 'apart');
  if (apart !== undefined) {
    const staged = await fill(host, place, apart, examined, signal);
    if (staged.losses.length === 0) {
      return staged;
    }
    staged.close();
  }
  const beside = Clone.create(host, place, 'beside');
  if (beside === undefined) {
    throw new SystemError('create', place.path, 'EINVAL');
  }
  return fill(host, place, beside, examined, signal);
}

/** Gives the clone everything that the target has. Takes the clone: it is closed on every way out but the good one. */
async function fill(host: Host, place: Place, clone: Clone, examined: Stat, signal: AbortSignal): Promise<Staged> {
  const { libc } = host;
  try {
    const source = place.openReader();
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
    } finally {
      closeSync(source);
    }
  } catch (thrown) {
    clone.close();
    throw thrown;
  }
}
