/**
 * Publishes generations of a file with the product's own flags, from two threads at once, as two windows would: DATA FLOOR FIRST LAST DIE.
 * Each raises the flag of what it has put there, while the other may be raising the same one; then `FLOOR` may name it. At generation
 * DIE, or when it finds a flag after that, the process kills itself between setting a flag and removing it (0: never). Says how many flags it has found.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { isMainThread, threadId, Worker, workerData } from 'node:worker_threads';

import { flagName, flagPlaces, openFlags } from '../../src/platform/linux/flags';
import { openHost } from '../../src/platform/linux/linux';

interface Work {
  readonly data: string;
  readonly floor: string;
  readonly last: number;
  readonly die: number;
  /** The lock, the generation at the path, the floor, and flags found. */
  readonly shared: Int32Array;
}

/** Of a publish; milliseconds. Readers that are slow to come back are not waited for. */
const patience = 1;

function withLock<T>(shared: Int32Array, work: () => T): T {
  while (Atomics.compareExchange(shared, 0, 0, 1) !== 0) Atomics.wait(shared, 0, 1);
  try {
    return work();
  } finally {
    Atomics.store(shared, 0, 0);
    Atomics.notify(shared, 0, 1);
  }
}

/** Readers find the old one or the new one. */
function replace(path: string, text: string): void {
  const next = `${path}.${String(threadId)}`;
  writeFileSync(next, text);
  renameSync(next, path);
}

function publishAll({ data, floor, last, die, shared }: Work): void {
  const host = openHost();
  let generation = 0;
  const dying = {
    ...host,
    libc: {
      ...host.libc,
      tryLock: (fd: number, path: string) => {
        if (die > 0 && generation >= die) process.kill(process.pid, 'SIGKILL');
        return host.libc.tryLock(fd, path);
      },
    },
  };
  const [place, ...others] = flagPlaces(host.uid, process.env['XDG_RUNTIME_DIR']);
  if (!place) throw new Error('there is no place for flags');
  const flag = `${place.folder}/${flagName(Buffer.from(data))}`;
  const flags = openFlags(dying, [place, ...others], (error) => {
    throw error;
  });
  for (;;) {
    const until = performance.now() + patience;
    while (!existsSync(flag) && performance.now() < until);
    generation = withLock(shared, () => {
      const next = (shared[1] ?? 0) + 1;
      if (next > last) return 0;
      replace(data, `${String(next)}\n`.repeat(50));
      shared[1] = next;
      return next;
    });
    if (generation === 0) return;
    if (existsSync(flag)) Atomics.add(shared, 3, 1);
    flags.raise(data);
    withLock(shared, () => {
      if (generation <= (shared[2] ?? 0)) return;
      shared[2] = generation;
      replace(floor, `${String(generation)}\n`);
    });
  }
}

if (isMainThread) {
  const [data = '', floor = '', first = '', last = '', die = ''] = process.argv.slice(2);
  const shared = new Int32Array(new SharedArrayBuffer(16));
  shared[1] = Number(first) - 1;
  const work: Work = { data, floor, last: Number(last), die: Number(die), shared };
  let running = 2;
  for (let thread = 0; thread < 2; thread++) {
    new Worker(__filename, { workerData: work }).once('exit', (code) => {
      if (code !== 0) process.exitCode = code;
      if (--running === 0) console.log(String(shared[3]));
    });
  }
} else publishAll(workerData as Work);
