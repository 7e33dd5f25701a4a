/** Makes an installed extension one whose threads take steps, before each of which its extension host or VS Code's server may die. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { projectFolder } from './editor/installations';
import type { Doom } from './doom';

export type Doomed = typeof globalThis & { readonly holdfastDoom: Doom };

/** @param folder where it is installed; no window has loaded it yet */
export function makeMortal(folder: string): void {
  const bundle = join(folder, 'dist', 'bundle');
  const entry = (name: string): string =>
    JSON.stringify(join(projectFolder(), 'out', 'test', 'support', `${name}.entry.cjs`));
  for (const [thread, name] of [
    ['stager', 'mortalStager'],
    ['keeper', 'mortalKeeper'],
  ] as const) {
    writeFileSync(join(bundle, `${thread}.js`), `require(${entry(name)});\n`);
  }
  renameSync(join(bundle, 'extension.js'), join(bundle, 'whole.js'));
  writeFileSync(
    join(bundle, 'extension.js'),
    `require(${entry('mortalExtension')});\nmodule.exports = require('./whole.js');\n`,
  );
}
