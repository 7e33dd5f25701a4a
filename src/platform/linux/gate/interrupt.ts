import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { wouldInterrupt } from '../../../core/linux/proc';
import { system } from '../errors';
import type { GateCalls } from './calls';
import { readProcAtOnce, unlessGone } from './text';

/**
 * Says nothing to who handles it: one signal stands for any number of children, and for none (sigaction(2)). libuv, on which VS Code
 * writes, handles it with SA_RESTART as soon as it has started a process, and looks which of its children have ended.
 */
const SIGNAL = constants.signals.SIGCHLD;

/** The kernel's function in which an `open` waits for a lease; fs/locks.c. */
const WAITS = 'break_lease';

/** Of a thread that has ended in the meantime, or that we may not look at, there is nothing to see. */
function look(file: string): string {
  return unlessGone(() => readProcAtOnce(file)) ?? '';
}

/**
 * Makes every `open` in which the process waits for a lease begin again: signal(7), "Interruption of system calls and library
 * functions by signal handlers". The kernel resolves the path anew then. Other threads of the process hear nothing of it. A thread
 * that does not handle the signal, or has it blocked, would not be woken, and is left alone.
 *
 * @returns how many threads were interrupted
 * @throws SystemError of readdir(3), tgkill(2)
 */
export function interruptOpens(calls: GateCalls, process: number): number {
  const folder = `/proc/${String(process)}/task`;
  const threads = system('readdir', folder, () => readdirSync(folder));
  const waiting = threads.filter(
    (thread) =>
      look(`${folder}/${thread}/wchan`).includes(WAITS) && wouldInterrupt(look(`${folder}/${thread}/status`), SIGNAL),
  );
  for (const thread of waiting) {
    calls.signalThread(process, Number(thread), SIGNAL);
  }
  return waiting.length;
}
