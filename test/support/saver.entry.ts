/**
 * An extension host and its editor, wherever they are started: `STORAGE PROGRAM`, the folder of its own, and what stands in for the editor.
 * Says READY, then takes paths, a line each, saves `new!` there, and says with which level and for which reason. Ends with its standard input.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { KeeperClient } from '../../src/keeper/client';
import { projectFolder } from './editor/installations';
import { LineProgram } from './lineProgram';

const [storageFolder = '', program = ''] = process.argv.slice(2);
const text = 'new!';
const source = join(storageFolder, 'new');
const threads = join(projectFolder(), 'out', 'src', 'keeper');

async function main(): Promise<void> {
  writeFileSync(source, text);
  const editor = await LineProgram.start(program);
  const client = new KeeperClient(
    { stager: join(threads, 'stager.cjs'), keeper: join(threads, 'keeper.cjs') },
    { storageFolder, editor: editor.pid },
    ({ kind }) => {
      if (kind === 'gateReady') console.log('READY');
    },
  );
  client.start();
  for await (const path of createInterface(process.stdin)) {
    const save = client.beforeSave(path, Buffer.from(text));
    await save.answered;
    const answer = await editor.ask(`put ${path} ${source} 4096`);
    save.over('saved');
    const { level, reason } = await save.reached;
    console.log(`${answer} ${level} ${reason}`);
  }
  await client.stop();
  await editor.end();
}

void main();
