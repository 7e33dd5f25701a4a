import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { SystemError } from '../../../core/errors';
import type { ProcessKey } from '../../../core/holders/holder';
import { parseStartTime } from '../../../core/linux/proc';
import { system } from '../errors';
import type { GateCalls } from '../gate/calls';

/**
 * A descriptor of this very process, which nobody else can take the place of; the caller closes it with `closeDescriptor`.
 *
 * @throws SystemError ESRCH: it has ended, whoever has its pid now
 */
export function openProcess(calls: GateCalls, { pid, started }: ProcessKey): number {
  const pidfd = calls.openProcess(pid);
  try {
    // The pid cannot be given again as long as a process has it, and what is told now is of the one that the descriptor is of.
    const path = `/proc/${String(pid)}/stat`;
    const stat = system('read', path, () => readFileSync(path, 'latin1'));
    if (parseStartTime(stat).value !== BigInt(started)) {
      throw new SystemError('pidfd_open', path, 'ESRCH');
    }
    return pidfd;
  } catch (thrown) {
    calls.closeDescriptor(pidfd);
    throw SystemError.is(thrown, 'ENOENT') ? new SystemError('pidfd_open', `/proc/${String(pid)}`, 'ESRCH') : thrown;
  }
}

/**
 * Asks this very process to end: SIGTERM.
 *
 * @throws SystemError ESRCH: it has ended; EPERM: it is not ours
 */
export function endProcess(calls: GateCalls, process: ProcessKey): void {
  const pidfd = openProcess(calls, process);
  try {
    calls.signalProcess(pidfd, constants.signals.SIGTERM, `/proc/${String(process.pid)}`);
  } finally {
    calls.closeDescriptor(pidfd);
  }
}
