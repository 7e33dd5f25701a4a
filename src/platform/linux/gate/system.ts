import type { SystemError } from '../../../core/errors';
import type { GateSystem } from '../../../core/gate/ports';
import { openLibrary } from '../libc';
import type { Host } from '../linux';
import { bindGateCalls } from './calls';
import { GateSite } from './site';
import { EventWaiter } from './waiter';

/**
 * The gate, for the calling thread and no other. Who has it closes the waiter after all sites, also when the thread is
 * given up: its descriptors outlive the thread.
 *
 * @param onProblem gets what could not be cleaned up
 * @throws as `openLibrary`; SystemError EMFILE, ENFILE
 */
export function openGateSystem(host: Host, onProblem: (error: SystemError) => void = () => undefined): GateSystem {
  const calls = bindGateCalls(openLibrary());
  const waiter = new EventWaiter(calls);
  return { waiter, open: (place) => new GateSite(host, calls, waiter, place, onProblem) };
}
