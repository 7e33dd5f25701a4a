import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.mjs';
import { root } from './places.mjs';
import { step } from './report.mjs';

const lockFile = join(root, 'package-lock.json');

/** Says which lock file the installed modules came from. It lies inside `node_modules`, so that it goes when they go. */
const stampFile = join(root, 'node_modules', '.holdfast-lock');

/** Installs the project's modules, exactly as the lock file has them, unless that is what is there. */
export async function ensureDependencies() {
  const wanted = createHash('sha256')
    .update(await readFile(lockFile))
    .digest('hex');
  if ((await readStamp()) === wanted) {
    return;
  }
  await step("the project's modules", async () => {
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root });
    await writeFile(stampFile, `${wanted}\n`);
  });
}

async function readStamp() {
  try {
    return (await readFile(stampFile, 'utf8')).trim();
  } catch (error) {
    if (error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
