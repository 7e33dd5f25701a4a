/** Who is told when this process is asked to end: nobody but the process itself, unless a program was handed the terminal. */
import { constants } from 'node:os';

const handled = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** @type {(signal: NodeJS.Signals) => void} */
let receiver = endNow;

/** Ends with the exit code shells expect. Listeners of `exit` still run, so half-built folders and helper processes go. */
function endNow(signal) {
  process.exit(128 + constants.signals[signal]);
}

/** From now on these signals end the process in an orderly way. */
export function handleSignals() {
  for (const signal of handled) {
    process.on(signal, () => receiver(signal));
  }
}

/**
 * Sends the signals elsewhere while some work lasts.
 *
 * @template T
 * @param {(signal: NodeJS.Signals) => void} receive
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function redirectSignals(receive, work) {
  receiver = receive;
  try {
    return await work();
  } finally {
    receiver = endNow;
  }
}
