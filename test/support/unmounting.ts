/** Unmounting a file system on which an editor has a file open. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { DeadlineError } from './deadline';
import type { FileSystem } from './filesystems';

/** Milliseconds within which the editor's own programs, such as git that looks for a repository, are out of it again. */
const deadline = 5_000;

/** Unmounts it as soon as nobody is on it. The kernel tells nobody when that is: it is tried until then. */
export async function untilUnmounted(mounted: FileSystem): Promise<void> {
  const end = performance.now() + deadline;
  for (;;) {
    try {
      mounted.unmount();
      return;
    } catch (thrown) {
      if (!(thrown instanceof Error) || !thrown.message.includes('busy')) throw thrown;
      if (performance.now() > end) {
        throw new DeadlineError(`${mounted.directory} is in use: ${usersOf(dirname(mounted.directory)).join('; ')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** The processes that have something below a folder, and what. */
function usersOf(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const own = join('/proc', pid);
        const descriptors = readdirSync(join(own, 'fd')).map((name) => join('fd', name));
        const has = ['cwd', 'root', ...descriptors].flatMap((what) => {
          const to = linkOf(join(own, what));
          return to?.startsWith(folder) === true ? [`${what} ${to}`] : [];
        });
        return has.length > 0 ? [`${pid} ${readFileSync(join(own, 'comm'), 'utf8').trim()}: ${has.join(', ')}`] : [];
      } catch {
        // It has ended.
        return [];
      }
    });
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
