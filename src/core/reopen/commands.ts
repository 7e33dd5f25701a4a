import type { ErrorFacts } from '../errors';

/** Runs commands of rules. */
export interface Commands {
  /**
   * No shell reads the words. Resolves when it has ended: to why it failed, if it did; `errno` is then EXIT and a number, the name of a signal,
   * ETIMEDOUT, or what kept it from being started, and `detail` the end of what it has said about it.
   *
   * @param folder where it is run
   */
  run(words: readonly string[], folder: string): Promise<ErrorFacts | undefined>;
}
