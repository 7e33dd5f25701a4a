import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { SystemError } from '../../../core/errors';
import type { ProcessKey, SignalName } from '../../../core/holders/holder';
import { parseCaughtSignals, parseStartTime } from '../../../core/linux/proc';
import { system } from '../errors';
import type { GateCalls } from '../gate/calls';
import { readProc } from '../gate/text';

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
 * Sends it to this very process. What other signals than SIGTERM do to a process that does not catch them is to end it, or nothing: it
 * is looked at once more, for it may have let go of its handler since it was shown.
 *
 * @throws SystemError ESRCH: it has ended; EPERM: it is not ours; ENOTSUP: it does not catch it
 */
export function signalProcess(calls: GateCalls, process: ProcessKey, signal: SignalName): void {
  const pidfd = openProcess(calls, process);
  const at = `/proc/${String(process.pid)}`;
  try {
    if (signal !== 'SIGTERM' && !caughtSignals(readProc(`${at}/status`)).includes(signal)) {
      throw new SystemError('pidfd_send_signal', at, 'ENOTSUP');
    }
    calls.signalProcess(pidfd, constants.signals[signal], at);
  } finally {
    calls.closeDescriptor(pidfd);
  }
}

/** The names of the signals that a process catches, out of its `status`. */
export function caughtSignals(status: string): readonly string[] {
  const caught = parseCaughtSignals(status).value;
  return Object.entries(constants.signals)
    .filter(([, number]) => (caught & (1n << BigInt(number - 1))) !== 0n)
    .map(([name]) => name);
}
