/** VS Code's local history, which *Timeline* shows (`workingCopyHistoryService.ts`). */
import { watch } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from '../deadline';

const deadline = 20_000;

/** Waits until the history has this many entries of this file, or more, and returns how many. */
export async function historyEntries(folder: string, path: string, count: number): Promise<number> {
  await mkdir(folder, { recursive: true });
  const watcher = watch(folder, { recursive: true });
  let entries = 0;
  try {
    const found = new Promise<void>((resolve, reject) => {
      const look = (): void => {
        entriesOf(folder, path).then((now) => {
          entries = now;
          if (now >= count) resolve();
        }, reject);
      };
      watcher.on('change', look);
      watcher.once('error', reject);
      look();
    });
    await within(deadline, `${String(count)} entries of ${path}`, found);
    return entries;
  } finally {
    watcher.close();
  }
}

async function entriesOf(folder: string, path: string): Promise<number> {
  for (const name of await readdir(folder)) {
    const history = await read(join(folder, name, 'entries.json'));
    if (history && decodeURIComponent(new URL(history.resource).pathname) === path) return history.entries.length;
  }
  return 0;
}

interface History {
  readonly resource: string;
  readonly entries: readonly unknown[];
}

/** Nothing, if it is not there yet, or is just being written. */
async function read(path: string): Promise<History | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as History;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
