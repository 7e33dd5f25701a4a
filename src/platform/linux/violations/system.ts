import { tmpdir, uptime } from 'node:os';
import { SystemError } from '../../../core/errors';
import type { SentryListener, SentryNotice, SentrySystem } from '../../../core/violations/ports';
import { bindGateCalls, type GateCalls } from '../gate/calls';
import { coordinationFolder, PathLocks } from '../gate/coordination';
import type { Meanings } from '../gate/events';
import { EventWaiter } from '../gate/waiter';
import { bindHolderCalls } from '../holders/calls';
import { Memory } from '../holders/memory';
import { IN_CLOSE_WRITE, IN_MODIFY } from '../layouts';
import { loadLibc, openLibrary } from '../libc';
import { openHost } from '../linux';
import { thisOwner } from '../owner';
import { closeQuietly } from '../place';
import { Copies } from './copies';
import type { HealParts } from './readyHeal';
import { LinuxGuardedFile, type SentryParts } from './guardedFile';

export type SentryWaiter = EventWaiter<SentryNotice>;

const MEANINGS = [
  [IN_MODIFY, 'modified'],
  [IN_CLOSE_WRITE, 'closed'],
] as const satisfies Meanings<SentryNotice>;

/**
 * Guarding files against other programs, for the calling thread and no other. Who has it closes it, also when the thread is given
 * up: its descriptors outlive the thread.
 *
 * @param copiesFolder of our own, outside every workspace; made if it is not there
 * @param firstCopy the number of the first copy
 * @throws as `openLibrary`; SystemError EMFILE, ENFILE
 */
export function openLinuxSentry(copiesFolder: string, firstCopy: number, listener: SentryListener): SentrySystem {
  const library = openLibrary();
  const holderCalls = bindHolderCalls(library);
  const calls = bindGateCalls(library);
  const uid = process.geteuid?.() ?? -1;
  const copies = new Copies(copiesFolder, firstCopy, () => {
    listener.progress();
  });
  const waiter: SentryWaiter = new EventWaiter(calls, MEANINGS);
  const parts: SentryParts = {
    finding: {
      libc: loadLibc(library),
      calls: holderCalls,
      memory: new Memory(holderCalls, () => performance.now()),
      booted: Date.now() - uptime() * 1000,
    },
    calls,
    waiter,
    copies,
    listener,
    locks: openLocks(calls, uid, 'violations.lock', listener),
    uid,
    ready: new Set(),
    heals: () => (healParts ??= openHeals(calls, copiesFolder, firstCopy, listener)),
  };
  let healParts: HealParts | undefined;
  return {
    waiter,
    open: (path) => new LinuxGuardedFile(parts, path),
    read: (copy) => copies.read(copy),
    synced: closeQuietly,
    drop: (copy) => {
      copies.unwanted(copy);
    },
    expire: () => copies.expire(),
    close: () => {
      waiter.close();
      if (healParts) calls.closeDescriptor(healParts.events);
    },
  };
}

/** @param firstId no heal of an earlier life of the thread has it */
function openHeals(calls: GateCalls, folder: string, firstId: number, listener: SentryListener): HealParts {
  const host = openHost();
  // First what can fail: it is tried again with each order.
  const events = calls.openWatches();
  let id = firstId;
  return {
    host,
    calls,
    owner: thisOwner(),
    folder,
    saving: openLocks(calls, host.uid, 'saving.lock', listener),
    events,
    nextId: () => id++,
    problem: (error) => {
      listener.problem(error);
    },
    progress: () => {
      listener.progress();
    },
    leased: (descriptor, on) => {
      listener.leased(descriptor, on);
    },
    sync: (descriptor, path) => {
      listener.sync(descriptor, path);
    },
  };
}

/** Without a place to meet the windows do not know of each other: each tells. */
function openLocks(calls: GateCalls, uid: number, name: string, listener: SentryListener): PathLocks | undefined {
  try {
    return new PathLocks(calls, coordinationFolder(uid, tmpdir()), uid, name);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    listener.problem(thrown);
    return undefined;
  }
}
