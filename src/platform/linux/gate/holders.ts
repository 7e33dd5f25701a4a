import { closeSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { SystemError } from '../../../core/errors';
import type { Gateable } from '../../../core/gate/ports';
import { limits } from '../../../core/limits';
import type { Held, Identity } from '../../../core/ports';
import { system } from '../errors';
import type { Host } from '../linux';
import type { Place } from '../place';
import { Lease } from './leases';
import { Search } from './search';

/**
 * What an opener in the microseconds of the probe makes the kernel send to this thread. Ignored unless somebody handles
 * it; SIGIO, the kernel's own choice, would end the process.
 */
const SIGNAL = constants.signals.SIGURG;

/** Processes looked at between two looks at the clock. */
const AT_ONCE = 32;

/**
 * Whether anybody else has the target open, mapped or running, by the write lease: an error is `unknown`, never `free`.
 * Never throws.
 */
export function probeTarget(host: Host, place: Place, gate: Gateable): Held {
  if (!gate.gate || !gate.probe) {
    return 'unknown';
  }
  return unknownIfRefused(() => {
    const fd = openUnlessHeld(place);
    if (fd === undefined) {
      return 'held';
    }
    try {
      const calls = host.gateCalls();
      const lease = new Lease(calls, fd, place.path, () => calls.notifyThisThread(fd, SIGNAL, place.path));
      const probed = lease.probe();
      lease.letGo();
      return probed;
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * One pass over `/proc`, until somebody is found or `limits.search` is over. Nobody found means `unknown`: not everybody can
 * be looked at. Never throws.
 */
export function searchTarget(host: Host, place: Place, identity: Identity): Held {
  const until = performance.now() + limits.search;
  return unknownIfRefused(() => {
    const search = new Search(host.libc, host.gateCalls(), place.pin, identity);
    const everybody = system('readdir', '/proc', () => readdirSync('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
    const others = everybody.filter((pid) => pid !== process.pid);
    for (let at = 0; at < others.length && performance.now() < until; at += AT_ONCE) {
      const except = new Set(everybody);
      others.slice(at, at + AT_ONCE).forEach((pid) => except.delete(pid));
      if (search.holders(except).length > 0) {
        return 'held';
      }
    }
    return 'unknown';
  });
}

/** `undefined`: somebody holds a write lease on it. */
function openUnlessHeld(place: Place): number | undefined {
  try {
    return place.openReader();
  } catch (thrown) {
    if (SystemError.is(thrown, 'EAGAIN')) {
      return undefined;
    }
    throw thrown;
  }
}

function unknownIfRefused(look: () => Held): Held {
  try {
    return look();
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return 'unknown';
    }
    throw thrown;
  }
}
