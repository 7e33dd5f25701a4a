/** What Holdfast's log says of the saves of a file. */
import { readdirSync, readFileSync, readlinkSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';

import { within } from './deadline';

const deadline = 20_000;
/** VS Code starts a new file when one is full, and keeps the older ones with a number. */
const logName = /^Holdfast(\.\d+)?\.log$/;

/** The `name=value` pairs of one save's line. */
export type SavedFacts = Readonly<Record<string, string>>;

/**
 * Waits until the log has that many lines about saves of this file, and returns them.
 * @param extensionHost the process that has the log open
 */
export async function savedFacts(extensionHost: number, path: string, count: number): Promise<readonly SavedFacts[]> {
  const folder = logFolder(extensionHost);
  const watcher = watch(folder);
  let found: readonly SavedFacts[] = [];
  try {
    const complete = new Promise<void>((resolve, reject) => {
      const look = (): void => {
        found = factsIn(folder, path);
        if (found.length >= count) resolve();
      };
      watcher.on('change', look);
      watcher.once('error', reject);
      look();
    });
    await within(deadline, `${String(count)} saves of ${path} in the log`, complete);
    return found;
  } catch (error) {
    throw new Error(`the log has ${String(found.length)} saves of ${path}`, { cause: error });
  } finally {
    watcher.close();
  }
}

function logFolder(pid: number): string {
  const descriptors = `/proc/${String(pid)}/fd`;
  for (const fd of readdirSync(descriptors)) {
    try {
      const target = readlinkSync(join(descriptors, fd));
      if (target.endsWith('/Holdfast.log')) return dirname(target);
    } catch {
      // Closed meanwhile.
    }
  }
  throw new Error(`the process ${String(pid)} has no log of Holdfast open`);
}

function factsIn(folder: string, path: string): readonly SavedFacts[] {
  const start = `save ${JSON.stringify(path)}: `;
  return readdirSync(folder)
    .filter((name) => logName.test(name))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line.includes(start))
    .map((line) => {
      const pairs = line.slice(line.indexOf(start) + start.length).matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\S+)/g);
      return Object.fromEntries(Array.from(pairs, ([, name = '', value = '']) => [name, value]));
    });
}
