/** Writes everything that is made from the tables in `src/core`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { generated } from './lib/manifest';

for (const [path, make] of Object.entries(generated)) {
  const now = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const wanted = make(now);
  if (wanted === now) continue;
  writeFileSync(path, wanted);
  console.log(`written: ${path}`);
}
