/** `npm run prove -- NAME [--seed=N]`: the long runs, at full size, into `out/prove/NAME.json`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { proveChaos } from './lib/proofs/chaos';
import { proveDeath } from './lib/proofs/death';
import { proveFlags } from './lib/proofs/flags';
import { proveGit } from './lib/proofs/git';
import { proveHarmless } from './lib/proofs/harmless';
import { proveHolders } from './lib/proofs/holders';
import { provePower } from './lib/proofs/power';
import type { Proof } from './lib/proofs/proof';
import { proveScripts } from './lib/proofs/scripts';
import { proveSim } from './lib/proofs/sim';
import { proveTorn } from './lib/proofs/torn';
import { proveViolations } from './lib/proofs/violations';
import { proveWatchers } from './lib/proofs/watchers';

const proofs: Readonly<Record<string, (seed: number) => Promise<Proof>>> = {
  chaos: proveChaos,
  death: proveDeath,
  flags: proveFlags,
  git: proveGit,
  harmless: proveHarmless,
  holders: proveHolders,
  power: provePower,
  scripts: proveScripts,
  sim: proveSim,
  torn: proveTorn,
  violations: proveViolations,
  watchers: proveWatchers,
};

async function main(): Promise<void> {
  const [name = '', ...rest] = process.argv.slice(2);
  const prove = proofs[name];
  if (!prove) {
    console.error(`Say which: npm run prove -- NAME, with NAME one of: ${Object.keys(proofs).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const given = rest.find((argument) => argument.startsWith('--seed='));
  const seed = given ? Number(given.slice('--seed='.length)) : Math.floor(Math.random() * 2 ** 31);
  console.log(`${name}: seed ${String(seed)}`);
  const started = performance.now();
  const { good, counts } = await prove(seed);
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  await mkdir(join('out', 'prove'), { recursive: true });
  const path = join('out', 'prove', `${name}.json`);
  await writeFile(path, `${JSON.stringify({ name, seed, good, seconds, counts }, undefined, 2)}\n`);
  console.log(`${good ? 'good' : 'NOT GOOD'}: ${path}`);
  process.exitCode = good ? 0 : 1;
}

void main();
