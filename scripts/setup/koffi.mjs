import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cached } from './cache.mjs';
import { root } from './places.mjs';
import { unpack } from './registry.mjs';

/**
 * The folder of a package with one of koffi's binaries. npm installs that of this machine only; one for another system is fetched once, exactly as the lock file
 * has it.
 *
 * @param {string} name of the package
 * @returns {Promise<string>}
 */
export async function koffiBinary(name) {
  try {
    return dirname(createRequire(join(root, 'package.json')).resolve(`${name}/package.json`));
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
  }
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const { version, integrity } = lock.packages[`node_modules/${name}`];
  return cached(`${name.replace('@koromix/', '')}-${version}`, `${name} ${version}`, (folder) =>
    unpack({ name, version, integrity, folder }),
  );
}
