import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { performance } from 'node:perf_hooks';
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

/** How long a thread that has been seen to wait may take to fall asleep: on a busy machine it needs a processor for that. */
const FALLS_ASLEEP = 50;

/**
 * Makes every `open` in which the process waits for a lease begin again: signal(7), "Interruption of system calls and library
 * functions by signal handlers". The kernel resolves the path anew then. Other threads of the process hear nothing of it. A thread
 * that does not handle the signal, or has it blocked, would not be woken, and is left alone.
 *
 * The kernel lists who waits before he sleeps (fs/locks.c, __break_lease), and only of a sleeper it tells where. So if nobody sleeps
 * there, but a thread is awake, it is looked again for a moment.
 *
 * @returns how many threads were interrupted
 * @throws SystemError of readdir(3), tgkill(2)
 */
export function interruptOpens(calls: GateCalls, process: number): number {
  const folder = `/proc/${String(process)}/task`;
  const until = performance.now() + FALLS_ASLEEP;
  for (;;) {
    const threads = system('readdir', folder, () => readdirSync(folder)).map((thread) => ({
      thread,
      sleepsIn: look(`${folder}/${thread}/wchan`),
    }));
    const waiting = threads.filter(
      ({ thread, sleepsIn }) => sleepsIn.includes(WAITS) && wouldInterrupt(look(`${folder}/${thread}/status`), SIGNAL),
    );
    if (waiting.length === 0 && threads.some(({ sleepsIn }) => sleepsIn === '0') && performance.now() < until) {
      continue;
    }
    for (const { thread } of waiting) {
      calls.signalThread(process, Number(thread), SIGNAL);
    }
    return waiting.length;
  }
}
