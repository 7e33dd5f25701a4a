/** `npm run package`: a package for each target, checked against the exact list of files. */
import { isDeepStrictEqual } from 'node:util';

import { expectedFiles, makePackage, packageTargets } from './lib/package';

async function main(): Promise<void> {
  for (const target of [...packageTargets].reverse()) {
    const made = await makePackage(target);
    console.log(`${made.path}: ${(made.size / 1024).toFixed(0)} KiB, ${String(made.files.length)} files`);
    for (const file of made.files) console.log(`  ${file}`);
    if (!isDeepStrictEqual(made.files, expectedFiles[target])) {
      console.error(`The list of files is not the expected one:\n  ${expectedFiles[target].join('\n  ')}`);
      process.exitCode = 1;
    }
  }
}

void main();
