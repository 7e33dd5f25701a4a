/** What the set-up tells the person waiting: short lines, and one kind of error that is meant to be read. */

/** Something the person has to put right. Its message says what is missing and how to get it; it is shown without a stack. */
export class SetupError extends Error {
  name = 'SetupError';
}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Announces a step, does it, and says how long it took.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(what, work) {
  const start = performance.now();
  say(`… ${what}`);
  const result = await work();
  say(`✓ ${what} (${seconds(performance.now() - start)})`);
  return result;
}

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
