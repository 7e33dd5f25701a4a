import { createHash } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.mjs';
import { run } from './command.mjs';
import { root } from './places.mjs';

const lists = join(root, 'scripts', 'setup', 'tools');

/**
 * Other people's programs that proofs compare with, exactly as their own lock file has them. They are larger than half of the project's
 * modules, and no test needs them: so they are not among those.
 *
 * @returns {Promise<string>} the folder with `node_modules` and `package.json`
 */
export async function ensureTools() {
  const lock = await readFile(join(lists, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 16);
  return cached(
    `tools-${process.arch}-${digest}`,
    'jest, webpack, vite and other tools to compare with',
    async (folder) => {
      for (const name of ['package.json', 'package-lock.json']) await copyFile(join(lists, name), join(folder, name));
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
    },
  );
}
