import type { Context } from 'mocha';

/** A skip that says which one it is and why: `test/skips.json` lists those that are allowed. */
export interface Skip {
  readonly id: string;
  readonly reason: string;
}

/** On the test or suite itself: every bundle has a copy of this module, so a table in here would not be shared. */
const record = Symbol.for('holdfast.skip');

interface Recorded {
  [record]?: Skip;
}

/**
 * Ends the running test or hook as skipped.
 * @param id stable, for `test/skips.json`
 * @param reason what is missing here, as a clause
 */
export function skip(context: Context, id: string, reason: string): never {
  const runnable = context.test ?? context.runnable();
  // A hook speaks for its whole suite.
  const isHook = !runnable.parent?.tests.includes(runnable as Mocha.Test);
  const place = isHook && runnable.parent ? runnable.parent : runnable;
  (place as Recorded)[record] = { id, reason };
  return context.skip();
}

/** Why a pending test was skipped: by itself, or by a hook of a suite around it. */
export function skipOf(test: Mocha.Test): Skip | undefined {
  for (let at: (Recorded & { parent?: Mocha.Suite | undefined }) | undefined = test; at; at = at.parent) {
    if (at[record]) return at[record];
  }
  return undefined;
}
