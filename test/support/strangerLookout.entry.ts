/**
 * `strangerLookout FILE`: looks at a file as a user to whom the programs of others are closed, who owns the file. Says READY, then `unnamed`
 * or `free`, whenever that changes. Ends with standard input.
 */
import { chownSync } from 'node:fs';
import { join } from 'node:path';

import { LookoutClient } from '../../src/keeper/lookoutClient';
import { projectFolder } from './editor/installations';

const nobody = 65_534;
const [, , path = ''] = process.argv;
chownSync(path, nobody, nobody);
process.setgroups?.([]);
process.setgid?.(nobody);
process.setuid?.(nobody);

const client = new LookoutClient(join(projectFolder(), 'out/src/keeper/lookout.cjs'), 1, (event) => {
  if (event.kind !== 'lookoutReady') process.stderr.write(`${JSON.stringify(event)}\n`);
});
let told = '';
client.onDidChange(() => {
  const known = client.of(path);
  if (!known?.current) return;
  const now = known.unnamed ? 'unnamed' : 'free';
  if (now === told) return;
  told = now;
  process.stdout.write(`${now}\n`);
});
process.stdin.resume();
process.stdin.once('end', () => {
  void client.stop().then(() => process.exit(0));
});
process.stdout.write('READY\n');
client.watch([path]);
