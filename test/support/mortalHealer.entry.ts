/**
 * An extension host that dies in the middle of a heal: `STORAGE`, the folder of its own. Says READY, then takes one line:
 *   NTH PID PATH   guards PATH, which PID holds, and dies before the NTH step from then on (0: never); says GUARDED, and then, when it has told
 *                  what became of it, ENDED <healed or why not> <steps>
 * Ends with its standard input.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { SentryClient } from '../../src/keeper/sentryClient';
import { Doom } from './doom';
import { holderOf, until } from './sentryBench';
import { isLeased } from './leased';

const [storage = ''] = process.argv.slice(2);
const doom = Doom.share();
let nth = 0;

const client = new SentryClient(join(__dirname, 'mortalSentry.entry.cjs'), join(storage, 'running'), () => undefined);
client.onDidTell((_path, violation) => {
  // On a slow machine a plain warning comes first.
  if (!violation?.healed) return;
  void end(violation.healed.is === 'not' ? violation.healed.why : violation.healed.is);
});

async function end(what: string): Promise<void> {
  await client.stop();
  console.log(`ENDED ${what} ${String(nth - doom.left)}`);
}

async function guard(path: string, pid: number): Promise<void> {
  client.guard(path, [holderOf(path, pid)], true, 0, true);
  await until('the lease', () => isLeased(path, process.pid));
  doom.set(nth);
  console.log('GUARDED');
}

createInterface(process.stdin)
  .on('line', (line) => {
    const [number = '', pid = '', path = ''] = line.split(' ');
    nth = Number(number);
    void guard(path, Number(pid));
  })
  .on('close', () => {
    process.exit(0);
  });
console.log('READY');
