import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.mjs';
import { find, run } from './command.mjs';
import { say } from './report.mjs';

/** Raise it when the way the entry is built changes. */
const recipe = 1;

/**
 * The server that a rule reloads in a test. Debian's package is unpacked, not installed: that would start a server on this machine's port 80.
 *
 * @returns {Promise<string | undefined>} the program; `undefined` where there is none to be had, and that is said
 */
export async function ensureNginx() {
  const installed = find('nginx');
  if (installed !== undefined) return installed;
  if (find('apt-get') === undefined || find('dpkg-deb') === undefined) return missing('there is no apt-get');
  try {
    const entry = await cached(`nginx-${process.arch}-${recipe}`, 'nginx, from Debian’s package', async (folder) => {
      await download(folder);
      const [file] = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
      await run('dpkg-deb', ['--extract', file, folder], { cwd: folder });
      await rm(join(folder, file));
      // Its libraries are the system's own.
      await run(programIn(folder), ['-v']);
    });
    return programIn(entry);
  } catch (error) {
    return missing(error instanceof Error ? error.message.split('\n').slice(-1)[0] : String(error));
  }
}

/** @param {string} folder */
async function download(folder) {
  const isRoot = process.getuid?.() === 0;
  const words = [...(isRoot ? ['-o', 'APT::Sandbox::User=root'] : []), 'download', 'nginx'];
  try {
    await run('apt-get', words, { cwd: folder });
  } catch (error) {
    if (!isRoot) throw error;
    // Its lists may be old, or not there.
    await run('apt-get', ['update']);
    await run('apt-get', words, { cwd: folder });
  }
}

/** @param {string} folder */
function programIn(folder) {
  return join(folder, 'usr', 'sbin', 'nginx');
}

/** @param {string} why */
function missing(why) {
  say(`! nginx is not installed (${why}): the test of a rule that reloads it will be skipped.`);
  return undefined;
}
