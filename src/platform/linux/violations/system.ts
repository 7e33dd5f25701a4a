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
import { Copies } from './copies';
import { LinuxGuardedFile, type SentryParts } from './guardedFile';

export type SentryWaiter = EventWaiter<SentryNotice>;

const MEANINGS = [
  [IN_MODIFY, 'modified'],
  [IN_CLOSE_WRITE, 'closed'],
] as const satisfies Meanings<SentryNotice>;

/**
 * Guarding files against other programs, for the calling thread and no other. Who has it closes the waiter, also when the thread is given
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
    locks: openLocks(calls, uid, listener),
    uid,
  };
  return {
    waiter,
    open: (path) => new LinuxGuardedFile(parts, path),
    read: (copy) => copies.read(copy),
    drop: (copy) => {
      copies.unwanted(copy);
    },
    expire: () => copies.expire(),
  };
}

/** Without a place to meet the windows do not know of each other: each tells. */
function openLocks(calls: GateCalls, uid: number, listener: SentryListener): PathLocks | undefined {
  try {
    return new PathLocks(calls, coordinationFolder(uid, tmpdir()), uid, 'violations.lock');
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    listener.problem(thrown);
    return undefined;
  }
}
