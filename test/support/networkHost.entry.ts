/**
 * An extension host without a gate, to which bindfs is a network file system: `STORAGE`, the folder of its own. Says READY, and from then on
 * REMOVED <path> and PROBLEM <operation> <errno> as they happen. Takes these lines:
 *   save SECONDS PATH       saves as an editor does, a line longer; says SAVED <level> <milliseconds>
 *   die NTH SECONDS PATH    the same, without the editor's write, and dies before the stager's NTH step
 * Ends with its standard input.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

import { defaultOptions } from '../../src/core/options';
import { KeeperClient } from '../../src/keeper/client';
import { Doom } from './doom';

const [storageFolder = ''] = process.argv.slice(2);
const doom = Doom.share();
const client = new KeeperClient(
  { stager: join(__dirname, 'mortalNetworkStager.entry.cjs'), keeper: undefined },
  { storageFolder, editor: process.pid },
  (event) => {
    if (event.kind === 'ready') console.log('READY');
    if (event.kind === 'oldNameRemoved') console.log(`REMOVED ${event.path}`);
    if (event.kind === 'oldNameProblem') console.log(`PROBLEM ${event.error.operation} ${event.error.errno}`);
  },
);
client.start();

async function save(seconds: number, path: string, content: string | undefined): Promise<void> {
  const began = performance.now();
  const saving = client.beforeSave(path, undefined, { ...defaultOptions, oldNameSeconds: seconds });
  await saving.answered;
  if (content !== undefined) writeFileSync(path, content);
  saving.over('saved');
  const { level } = await saving.reached;
  console.log(`SAVED ${level} ${String(Math.round(performance.now() - began))}`);
}

createInterface(process.stdin)
  .on('line', (line) => {
    const [what, ...rest] = line.split(' ');
    if (what === 'die') doom.set(Number(rest.shift()));
    const [seconds = '', path = ''] = rest;
    const content = what === 'die' ? undefined : `${readFileSync(path, 'utf8')}one more line\n`;
    void save(Number(seconds), path, content);
  })
  .on('close', () => {
    void client.stop().then(() => process.exit(0));
  });
