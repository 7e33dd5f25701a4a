/**
 * A keeper's thread that holds the lease of a file: `{ path, sleep }`. Says `{ orders, tid }`, then sleeps until an
 * order comes and says what woke it, or (`sleep: false`) waits for a message. A message ends it by `process.exit`, with
 * everything still open.
 */
import { readlinkSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { GateBench } from './gate';

const { path, sleep } = workerData as { readonly path: string; readonly sleep: boolean };
const bench = new GateBench();
const site = bench.site(path);
site.take(1, bench.handed(path));
site.lease(1);
parentPort?.on('message', () => process.exit(0));
parentPort?.postMessage({ orders: bench.orders, thread: Number(readlinkSync('/proc/thread-self').split('/').pop()) });
if (sleep) {
  parentPort?.postMessage(bench.wait(undefined));
}
