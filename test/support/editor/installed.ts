/** What an editor's own command has installed is kept as long as this process lives: the next run with the same packages gets a copy. */
import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { shared } from '../shared';

interface Kept {
  readonly copy: string;
  /** Where it was installed: the list of extensions names it. */
  readonly folder: string;
}

const { kept, copies } = shared('installed', () => {
  const folders = new Set<string>();
  process.on('exit', () => folders.forEach((copy) => rmSync(copy, { recursive: true, force: true })));
  return { kept: new Map<string, Kept>(), copies: folders };
});

/** In a folder for extensions. */
const list = 'extensions.json';

/**
 * @param folder for extensions, with none in it that are installed
 * @param key what is installed, and into which editor
 * @param install does it the first time
 */
export async function installOnce(folder: string, key: string, install: () => Promise<void>): Promise<void> {
  const before = kept.get(key);
  if (before) {
    await cp(before.copy, folder, { recursive: true });
    const text = await readFile(join(folder, list), 'utf8');
    await writeFile(join(folder, list), text.replaceAll(before.folder, folder));
    return;
  }
  await install();
  const copy = await mkdtemp(join(tmpdir(), 'holdfast-installed-'));
  copies.add(copy);
  await cp(folder, copy, { recursive: true });
  kept.set(key, { copy, folder });
}
