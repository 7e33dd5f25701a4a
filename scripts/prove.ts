/** `npm run prove -- NAME [--seed=N]`: the long runs, at full size, into `out/prove/NAME.json`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { actions } from '../test/support/scenarios/actions';
import { runScripts, summarize } from '../test/support/scenarios/runningScripts';
import { extensionId, runIn, withGuardedEditor } from './lib/guardedEditor';
import { scriptsTable } from './lib/scriptsTable';

interface Proof {
  readonly good: boolean;
  readonly counts: unknown;
}

const proofs: Readonly<Record<string, (seed: number) => Promise<Proof>>> = {
  scripts: proveScripts,
};

/** 1,000 running scripts, 500 of them guarded. */
async function proveScripts(seed: number): Promise<Proof> {
  const pairs = 500;
  return withGuardedEditor('prove', async (editor, folder) => {
    const window = await editor.openWindow();
    await window.activate(extensionId);
    const runs = await runScripts(actions(runIn(window)), folder, pairs, seed, () => process.stdout.write('.'));
    const stock = summarize(runs, false);
    const guarded = summarize(runs, true);
    console.log(`\n${scriptsTable(stock, guarded)}`);
    const good = guarded.disturbed === 0 && guarded.diskWrong === 0 && stock.disturbed >= stock.runs * 0.8;
    return { good, counts: { editor: editor.version, stock, guarded } };
  });
}

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
