import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from './command.mjs';
import { SetupError } from './report.mjs';

/**
 * Fetches a package with npm (hence with the user's registry, proxy and certificates) and unpacks its files into a folder.
 *
 * @param {{ name: string, version: string, integrity: string, folder: string }} what
 */
export async function unpack({ name, version, integrity, folder }) {
  const output = await run(
    'npm',
    ['pack', `${name}@${version}`, '--json', '--ignore-scripts', '--pack-destination', folder],
    { cwd: folder },
  );
  const archive = join(folder, archiveName(output));
  const found = await sha512(archive);
  if (found !== integrity) {
    throw new SetupError(
      `${name}@${version} is not what it was when it was chosen:\nexpected ${integrity}\nreceived ${found}`,
    );
  }
  await run('tar', ['-xzf', archive, '-C', folder, '--strip-components=1', '--no-same-owner']);
  await rm(archive);
}

/**
 * npm answers with a list of the packages packed, or, in newer versions, with an object keyed by their names.
 *
 * @param {string} output
 * @returns {string}
 */
function archiveName(output) {
  const [packed] = Object.values(JSON.parse(output));
  return packed.filename;
}

/** @param {string} file */
async function sha512(file) {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return `sha512-${hash.digest('base64')}`;
}
