/** The editors and the browser that the set-up prepared. `scripts/run.mjs` passes them in the environment. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type EditorVersion = 'current' | 'oldest';

export interface Installation {
  /** The Node.js binary the server runs on. */
  readonly node: string;
  /** The server's folder, which holds `out/server-main.js`. */
  readonly server: string;
  /** VS Code's version, such as `1.100.3`. */
  readonly version: string;
}

interface Prepared {
  readonly current?: Installation;
  readonly oldest?: Installation;
  readonly chromium: string;
}

function prepared(): Prepared {
  const text = process.env['HOLDFAST_EDITORS'];
  if (text === undefined)
    throw new Error('HOLDFAST_EDITORS is not set. Start this with: node scripts/run.mjs <command>');
  return JSON.parse(text) as Prepared;
}

export function installation(version: EditorVersion): Installation {
  const found = prepared()[version];
  if (found === undefined) throw new Error(`This command did not prepare the ${version} editor`);
  return found;
}

export function browserPath(): string {
  return prepared().chromium;
}

/** The project's folder, from wherever the bundle of this file lies below it. */
export function projectFolder(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package-lock.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`${__dirname} is not in the project's folder`);
    folder = parent;
  }
  return folder;
}
