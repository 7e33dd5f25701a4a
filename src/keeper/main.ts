/**
 * The keeper's thread: carries out orders off the extension host's main thread, so that a slow file system never
 * freezes anybody else's extension. It decides nothing: that is `core/detach`.
 */
import { parentPort, workerData } from 'node:worker_threads';

import { Claim } from '../core/claim';
import { assess, detach } from '../core/detach';
import { report, type Report } from '../core/level';
import { limits, savesAtOnce } from '../core/limits';
import type { Answer, KeeperData, Order, PlatformReport } from '../core/messages';
import type { Platform } from '../core/ports';
import { openPlatform } from '../platform/select';
import { Turns } from './turns';

const port = parentPort;
if (!port) throw new Error('the keeper runs as a worker thread only');

const { workshopFolder } = workerData as KeeperData;
const platform = openPlatform(workshopFolder);
const turns = new Turns(savesAtOnce);
const running = new Map<number, AbortController>();

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
    return await turns.take(() => detach(targets, order.path, {
      signal: controller.signal,
      claim: () => claim.claim(),
      release: () => claim.release(),
      inTime: (work) => withinSyncLimit(work),
    }));
  } finally {
    running.delete(order.id);
  }
}

async function withinSyncLimit(work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, limits.sync);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
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
