/**
 * `idleLookout FOLDER SECONDS`: watches all files of a folder in a process of its own. When the lookout has come to rest and that time is
 * over, it says as JSON what that has cost (`IdleLookout`), and ends.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';

import { LookoutClient } from '../../src/keeper/lookoutClient';
import { projectFolder } from './editor/installations';
import type { IdleLookout } from './idleLookout';
import { sumOf } from './sum';

const [, , folder = '', seconds = ''] = process.argv;

/** How long these threads were on a processor, in nanoseconds, and how often they were given one; proc_pid_schedstat(5). */
function ran(tasks: readonly string[]): { readonly nanoseconds: number; readonly times: number } {
  const all = tasks.map((task) => readFileSync(`/proc/self/task/${task}/schedstat`, 'latin1').split(' ').map(Number));
  const sum = (field: number): number => sumOf(all, (fields) => fields[field] ?? 0);
  return { nanoseconds: sum(0), times: sum(2) };
}

async function measure(): Promise<IdleLookout> {
  const paths = readdirSync(folder).map((name) => join(folder, name));
  const threads = readdirSync('/proc/self/task');
  const before = process.memoryUsage.rss();
  const client = new LookoutClient(join(projectFolder(), 'out/src/keeper/lookout.cjs'), 1, (event) => {
    if (event.kind !== 'lookoutReady') throw new Error(JSON.stringify(event));
  });
  const looked = new Promise<void>((resolve) => {
    client.onDidChange(() => {
      if (paths.every((path) => client.of(path)?.current)) resolve();
    });
  });
  client.watch(paths);
  await looked;
  // Its own, and any that Node.js has made for it.
  const tasks = readdirSync('/proc/self/task').filter((task) => !threads.includes(task));
  // Rest is a second in which it was not given a processor.
  for (let last = -1; last !== ran(tasks).times;) {
    last = ran(tasks).times;
    await pass(1_000);
  }
  const added = process.memoryUsage.rss() - before;
  const began = ran(tasks);
  await pass(Number(seconds) * 1_000);
  const ended = ran(tasks);
  await client.stop();
  return {
    files: paths.length,
    seconds: Number(seconds),
    share: (ended.nanoseconds - began.nanoseconds) / 1e9 / Number(seconds),
    wakes: ended.times - began.times,
    bytes: added,
  };
}

void measure().then((cost) => process.stdout.write(`${JSON.stringify(cost)}\n`));
