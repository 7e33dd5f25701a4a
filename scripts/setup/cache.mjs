import { rmSync } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './places.mjs';
import { step } from './report.mjs';

const unfinishedPrefix = '.building-';

/** No build takes this long. What is older was left behind by a set-up that was killed. */
const abandonedAfter = 6 * 60 * 60 * 1000;

/**
 * The folder of a cache entry, built first if need be.
 *
 * It is built beside its place and renamed into it, so an entry is there completely or not at all. Two set-ups at once may both build
 * it: the second rename fails, and the second result is dropped. That costs time, but needs no lock that a killed process would leave.
 *
 * @param {string} name
 * @param {string} title
 * @param {(folder: string) => Promise<void>} build fills the folder it is given
 * @returns {Promise<string>}
 */
export async function cached(name, title, build) {
  const cache = cacheFolder();
  const entry = join(cache, name);
  if (await exists(entry)) {
    return entry;
  }
  await mkdir(cache, { recursive: true });
  await sweep(cache);
  await step(title, async () => {
    const folder = await mkdtemp(join(cache, unfinishedPrefix));
    const removeOnExit = () => rmSync(folder, { recursive: true, force: true });
    process.once('exit', removeOnExit);
    try {
      await build(folder);
      // Made for its owner alone; but several users may share a cache.
      await chmod(folder, 0o755);
      await place(folder, entry);
    } finally {
      process.off('exit', removeOnExit);
      await rm(folder, { recursive: true, force: true });
    }
  });
  return entry;
}

/**
 * @param {string} folder
 * @param {string} entry
 */
async function place(folder, entry) {
  try {
    await rename(folder, entry);
  } catch (error) {
    // Another set-up was faster, and its result is as good as ours.
    if ((error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') || !(await exists(entry))) {
      throw error;
    }
  }
}

/** @param {string} cache */
async function sweep(cache) {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(unfinishedPrefix)) {
      continue;
    }
    const folder = join(cache, name);
    const age = Date.now() - (await modified(folder));
    if (age > abandonedAfter) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** @param {string} path */
async function modified(path) {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (error.code === 'ENOENT') {
      // Its builder has just finished with it.
      return Date.now();
    }
    throw error;
  }
}

/** @param {string} path */
async function exists(path) {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}
