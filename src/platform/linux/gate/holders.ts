import { closeSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import type { Gateable } from '../../../core/gate/ports';
import { limits } from '../../../core/limits';
import type { Held, Identity } from '../../../core/ports';
import type { Host } from '../linux';
import { openReader, type Place } from '../place';
import type { GateCalls } from './calls';
import { probeOnce } from './leases';
import { processes, Search } from './search';

/**
 * Whether anybody but us and the editor has the target open, mapped or running, by the write lease: an error is `unknown`,
 * never `free`. The lease does not tell the editor from others, and an editor that shows a file has just read it: where it
 * still has the file open, others are searched for. Never throws.
 */
export function probeTarget(host: Host, place: Place, identity: Identity, gate: Gateable): Held {
  if (!gate.gate || !gate.probe) {
    return 'unknown';
  }
  return unknownIfRefused(() => {
    const probed = probePinned(host.gateCalls(), place.pin, place.path);
    if (probed !== 'held' || host.editor === undefined) {
      return probed;
    }
    const search = new Search(host.libc, host.gateCalls(), place.pin, identity);
    // If it was the editor and is no longer, it has closed the file meanwhile.
    return search.hasOpen(host.editor)
      ? searchOthers(search, host.editor)
      : probePinned(host.gateCalls(), place.pin, place.path);
  });
}

/**
 * Whether anybody has a pinned inode open, mapped or running, whoever it is; by the write lease.
 *
 * @throws SystemError of open(2)
 */
export function probePinned(calls: GateCalls, pin: number, path: string): Held {
  const fd = openUnlessHeld(pin, path);
  if (fd === undefined) {
    return 'held';
  }
  try {
    return probeOnce(calls, fd, path);
  } finally {
    closeSync(fd);
  }
}

/**
 * One pass over `/proc`, until somebody is found or `limits.search` is over. Nobody found means `unknown`: not everybody can
 * be looked at. Never throws.
 */
export function searchTarget(host: Host, place: Place, identity: Identity): Held {
  return unknownIfRefused(() =>
    searchOthers(new Search(host.libc, host.gateCalls(), place.pin, identity), host.editor),
  );
}

function searchOthers(search: Search, editor: number | undefined): Held {
  const until = performance.now() + limits.search;
  for (const pid of processes()) {
    if (performance.now() >= until) break;
    if (pid === process.pid) continue;
    if (pid === editor ? search.hasMapped(pid) : search.isHeldBy(pid)) return 'held';
  }
  return 'unknown';
}

/** `undefined`: somebody holds a write lease on it. */
function openUnlessHeld(pin: number, path: string): number | undefined {
  try {
    return openReader(pin, path);
  } catch (thrown) {
    if (SystemError.is(thrown, 'EAGAIN')) {
      return undefined;
    }
    throw thrown;
  }
}

/** What cannot be had is not known. */
export function unknownIfRefused(look: () => Held): Held {
  try {
    return look();
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return 'unknown';
    }
    throw thrown;
  }
}
