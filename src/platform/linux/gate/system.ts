import { tmpdir } from 'node:os';
import { SystemError } from '../../../core/errors';
import type { GateListener, GateSystem, HandedPlace } from '../../../core/gate/ports';
import { openLibrary } from '../libc';
import type { Host } from '../linux';
import { protect } from '../veto';
import { bystanders } from './bystanders';
import { bindGateCalls } from './calls';
import type { GateCalls } from './calls';
import { coordinationFolder, PathLocks } from './coordination';
import { GATE_MEANINGS, WATCHED } from './events';
import { isEnding } from './ending';
import { interruptOpens } from './interrupt';
import { GateSite } from './site';
import { EventWaiter } from './waiter';
import { kept } from './watches';

/**
 * The gate, for the calling thread and no other. Who has it closes the waiter after all sites, also when the thread is
 * given up: its descriptors outlive the thread.
 *
 * @throws as `openLibrary`; SystemError EMFILE, ENFILE
 */
export function openGateSystem(host: Host, listener: GateListener): GateSystem {
  const calls = bindGateCalls(openLibrary());
  const onProblem = (error: SystemError): void => listener.problem(error);
  const locks = openLocks(calls, host.uid, onProblem);
  const waiter = new EventWaiter(calls, GATE_MEANINGS);
  return {
    waiter,
    bystanders,
    interrupt: (process) => interruptOpens(calls, process),
    isEnding,
    claim: (place) => (locks === undefined ? () => undefined : claim(locks, place, onProblem)),
    watchClaims: () => (locks === undefined ? undefined : waiter.watches.add(kept(locks.watched, locks.file), WATCHED)),
    unwatchClaims: (watch) => waiter.watches.remove(watch),
    open: (place) => new GateSite(host, calls, waiter, place, listener),
    protect: (descriptor, by, path) => protect(host.libc, descriptor, by, path),
  };
}

/** Where the lock cannot be had for another reason than another window, the save goes on as if there were none. */
function claim(
  locks: PathLocks,
  place: HandedPlace,
  onProblem: (error: SystemError) => void,
): (() => void) | undefined {
  try {
    return locks.take(place);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) {
      throw thrown;
    }
    onProblem(thrown);
    return () => undefined;
  }
}

/** Without a place to meet the windows do not know of each other; each is guarded all the same. */
function openLocks(calls: GateCalls, uid: number, onProblem: (error: SystemError) => void): PathLocks | undefined {
  try {
    return new PathLocks(calls, coordinationFolder(uid, tmpdir()), uid);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) {
      throw thrown;
    }
    onProblem(thrown);
    return undefined;
  }
}
