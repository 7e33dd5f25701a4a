/**
 * An extension host that dies in the middle of a save, or sees its editor die: `STORAGE EDITOR VICTIM`, the folder of its own, the pid that
 * writes for it, and `host` or `editor`. Says READY, then takes these lines:
 *   gated NTH PATH SOURCE   saves what SOURCE holds, and dies before its NTH step (0: never); says ANSWERED
 *   detached NTH PATH       the same without knowing what is written
 *   saved                   the editor has written; says ENDED <level> <reason> <steps>
 *   orphaned                the editor has died; says ENDED as well
 * Ends with its standard input.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { GuardedSave } from '../../src/core/guard';
import { KeeperClient } from '../../src/keeper/client';
import { Doom } from './doom';

const [storageFolder = '', editor = '', victim = ''] = process.argv.slice(2);
const doom = Doom.share();
const client = new KeeperClient(
  { stager: join(__dirname, 'mortalStager.entry.cjs'), keeper: join(__dirname, 'mortalKeeper.entry.cjs') },
  { storageFolder, editor: Number(editor) },
  ({ kind }) => {
    if (kind === 'gateReady') console.log('READY');
  },
);
client.start();

let nth = 0;
let saving: GuardedSave | undefined;

async function begin(path: string, content: Buffer | undefined): Promise<void> {
  doom.set(nth, victim === 'editor' ? Number(editor) : 0);
  saving = client.beforeSave(path, content);
  await saving.answered;
  console.log('ANSWERED');
}

async function end(saved: boolean): Promise<void> {
  if (saved) saving?.over('saved');
  // What is closed and removed after the answer belongs to the save.
  else await client.stop();
  const { level, reason } = (await saving?.reached) ?? { level: 'none', reason: 'failed' };
  await client.stop();
  console.log(`ENDED ${level} ${reason} ${String(nth - doom.left)}`);
}

createInterface(process.stdin)
  .on('line', (line) => {
    const [what, number = '0', path = '', source] = line.split(' ');
    if (what === 'saved' || what === 'orphaned') {
      void end(what === 'saved');
      return;
    }
    nth = Number(number);
    void begin(path, source === undefined ? undefined : readFileSync(source));
  })
  .on('close', () => {
    process.exit(0);
  });
