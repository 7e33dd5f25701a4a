import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Where the editors are kept between runs: outside the project, as several checkouts share them. */
export function cacheFolder() {
  const own = process.env['HOLDFAST_CACHE'];
  if (own) {
    return resolve(own);
  }
  const xdg = process.env['XDG_CACHE_HOME'];
  return join(xdg ? resolve(xdg) : join(homedir(), '.cache'), 'holdfast-dev');
}
