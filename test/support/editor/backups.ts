/** What VS Code has put aside of unsaved documents, for a window that comes back. */
import { watch } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from '../deadline';

const deadline = 15_000;

/** Waits until exactly this text has been put aside for this file. */
export async function untilBackedUp(folder: string, path: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const watcher = watch(folder, { recursive: true });
  try {
    const found = new Promise<void>((resolve, reject) => {
      const look = (): void => {
        backups(folder).then((all) => {
          if (all.some((backup) => backup.path === path && backup.text === text)) resolve();
        }, reject);
      };
      watcher.on('change', look);
      watcher.once('error', reject);
      look();
    });
    await within(deadline, `VS Code puts ${path} aside`, found);
  } finally {
    watcher.close();
  }
}

interface Backup {
  readonly path: string;
  readonly text: string;
}

/** The first line says of which resource, and more; the text follows (`workingCopyBackupService.ts`). */
async function backups(folder: string): Promise<readonly Backup[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const contents = await Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => read(join(entry.parentPath, entry.name))),
  );
  return contents.flatMap((content) => {
    const end = content.indexOf('\n');
    const resource = /^\S+/.exec(content)?.[0];
    if (end < 0 || resource === undefined || !URL.canParse(resource)) return [];
    return [{ path: decodeURIComponent(new URL(resource).pathname), text: content.slice(end + 1) }];
  });
}

/** Nothing, if it is gone by now. */
async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
