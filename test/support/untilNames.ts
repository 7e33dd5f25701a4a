/** What is in a folder, when it has become what it is to be. */
import { readdirSync, watch } from 'node:fs';

import { DeadlineError, within } from './deadline';

/**
 * Resolves with the names in the folder as soon as they are as they are to be, or when the deadline has passed.
 *
 * @param deadline in milliseconds
 */
export async function untilNames(
  folder: string,
  deadline: number,
  isEnough: (names: readonly string[]) => boolean,
): Promise<readonly string[]> {
  const watcher = watch(folder);
  try {
    const enough = new Promise<void>((resolve) => {
      const look = (): void => {
        if (isEnough(readdirSync(folder))) resolve();
      };
      watcher.on('change', look);
      look();
    });
    await within(deadline, `the names in ${folder}`, enough);
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
  } finally {
    watcher.close();
  }
  return readdirSync(folder);
}
