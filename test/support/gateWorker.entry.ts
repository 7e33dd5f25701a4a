/**
 * A keeper's thread that holds the lease of a file: `{ path, sleep }`; with `atRest`, held it. Says `{ orders, tid }`, then sleeps until an
 * order comes and says what woke it, or (`sleep: false`) waits for a message. A message ends it by `process.exit`, with
 * everything still open.
 */
import { readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { GateBench } from './gate';

const { path, sleep, atRest } = workerData as Readonly<{ path: string; sleep: boolean; atRest: boolean }>;
const bench = new GateBench();
const site = bench.site(path);
site.take(1, bench.handed(path));
site.lease(1);
if (atRest) site.close();
parentPort?.on('message', () => process.exit(0));
parentPort?.postMessage({ orders: bench.orders, thread: Number(readlinkSync('/proc/thread-self').split('/').pop()) });
if (sleep) {
  parentPort?.postMessage(bench.wait(undefined));
}
