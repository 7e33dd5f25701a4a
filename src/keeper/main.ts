/**
 * The keeper's thread: carries out orders off the extension host's main thread, so that a slow file system does not
 * freeze it. Long copies and syncs run in Node's pool, which belongs to all extensions of the host: few at once. It
 * decides nothing: that is `core/detach`.
 */
import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';

import { Claim } from '../core/claim';
import { assess, detach } from '../core/detach';
import { report, type Report } from '../core/level';
import { limits, savesAtOnce, syncLimit, syncsAtOnce } from '../core/limits';
import type { Answer, KeeperData, Order, PlatformReport } from '../core/messages';
import type { Platform } from '../core/ports';
import { openPlatform } from '../platform/select';
import { Turns } from './turns';

const port = parentPort;
if (!port) throw new Error('the keeper runs as a worker thread only');

const { workshopFolder } = workerData as KeeperData;
const platform = openPlatform(workshopFolder);
const turns = new Turns(savesAtOnce);
const syncs = new Turns(syncsAtOnce);
const running = new Map<number, AbortController>();

/** Milliseconds since the epoch, not set back while the process runs. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function answer(message: Answer): void {
  port?.postMessage(message);
}

async function save(order: Extract<Order, { kind: 'save' }>): Promise<Report> {
  if (!platform.supported) return report(platform.why);
  const claim = new Claim(order.claim);
  const controller = new AbortController();
  running.set(order.id, controller);
  const { targets } = platform;
  try {
    return await turns.take(() =>
      detach(targets, order.path, {
        signal: controller.signal,
        claim: () => claim.claim(),
        waited: () => claim.waited(),
        release: () => claim.release(),
        mayTryAgain: () => now() - order.toldAt < limits.surelyBeforeWrite,
        inTime: (work) => syncInTime(work, syncLimit(order.toldAt + limits.saveGivesUp - now(), turns.underWay)),
      }),
    );
  } finally {
    running.delete(order.id);
  }
}

async function syncInTime(work: () => Promise<void>, milliseconds: number): Promise<boolean> {
  if (milliseconds <= 0) return false;
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      over = true;
      resolve(false);
    }, milliseconds);
  });
  const synced = syncs.take(async () => {
    if (over) return false;
    await work();
    return true;
  });
  try {
    return await Promise.race([synced, late]);
  } finally {
    clearTimeout(timer);
  }
}

function platformReport(found: Platform): PlatformReport {
  return found.supported ? { supported: true } : { supported: false, why: found.why, detail: found.detail };
}

port.on('message', (order: Order) => {
  switch (order.kind) {
    case 'assess':
      answer({
        kind: 'report',
        id: order.id,
        report: platform.supported ? assess(platform.targets, order.path) : report(platform.why),
      });
      return;
    case 'save':
      void save(order).then((reached) => {
        answer({ kind: 'report', id: order.id, report: reached });
      });
      return;
    case 'cancel':
      running.get(order.id)?.abort();
      return;
    case 'stop':
      for (const controller of running.values()) controller.abort();
      port.close();
  }
});

answer({ kind: 'ready', platform: platformReport(platform) });
