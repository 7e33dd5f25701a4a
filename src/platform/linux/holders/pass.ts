import { readdirSync } from 'node:fs';
import { classify } from '../../../core/holders/classify';
import type { Holder } from '../../../core/holders/holder';
import type { Found, Pin } from '../../../core/holders/ports';
import { parseUser, type ProcessFacts } from '../../../core/linux/proc';
import { SystemError } from '../../../core/errors';
import { system } from '../errors';
import { readProcAtOnce } from '../gate/text';
import { gatherEvidence, Wanted, type Eyes } from './evidence';
import { lookAt, programName, readProcess, unlessEnded, type Look, type Unseen } from './look';
import type { Memory } from './memory';
import type { PinnedInode } from './pin';

/** What `/proc` counts in, to all programs: USER_HZ, include/asm-generic/param.h. The same on x86_64 and arm64. */
const TICKS_PER_SECOND = 100;

/** A process that becomes another program while it is looked at is looked at again; this often. */
const LOOKS = 4;

const nothing: ReadonlySet<number> = new Set();

export interface Finding extends Eyes {
  readonly memory: Memory;
  /** When this boot began, milliseconds since the epoch. */
  readonly booted: number;
}

/**
 * One pass over `/proc` for all pins. Every descriptor and every mapping is compared, without a server or a daemon being asked. Not seen: the own descriptors
 * of a thread that has left the table of its process (unshare(2), CLONE_FILES), descriptors in flight, and processes that `/proc` hides
 * (hidepid), which are not counted either.
 *
 * @throws SystemError if there is no `/proc`, or it cannot be read for want of descriptors or memory
 */
export function passOver(eyes: Finding, pins: readonly PinnedInode[], except: ReadonlySet<number>): Found {
  const wanted = new Wanted(pins);
  const holders = new Map<Pin, Holder[]>();
  const ancestors = new Ancestors();
  let closed = 0;
  for (const name of system('readdir', '/proc', () => readdirSync('/proc'))) {
    const pid = Number(name);
    if (!/^\d{1,10}$/.test(name)) {
      continue;
    }
    const found = holdersIn(eyes, pid, wanted, ancestors);
    if (found === 'closed') {
      closed++;
      continue;
    }
    for (const [pin, holder, at] of found) {
      if (pid === process.pid || except.has(pid)) {
        wanted.untold.add(pin);
      } else {
        // Before it can go; who has loaded a script has let it go.
        if (holder.harm !== 'loaded' && !pin.hold()) {
          pin.hold(at);
        }
        holders.set(pin, [...(holders.get(pin) ?? []), holder]);
      }
    }
  }
  eyes.memory.turn();
  return { holders, untold: wanted.untold, closed };
}

/** What one process has to do with one pin by now. */
export function lookAgain(eyes: Finding, pin: PinnedInode, { process: { pid, started } }: Holder): Holder | undefined {
  const wanted = new Wanted([pin]);
  const found = holdersIn(eyes, pid, wanted, new Ancestors());
  const [, holder] = found === 'closed' ? [] : (found[0] ?? []);
  return holder?.process.started === started ? holder : undefined;
}

/** Who has started whom, asked once for a pass, and only if there is a holder. */
class Ancestors {
  readonly #parents = new Map<number, number | undefined>();

  of({ pid, parent }: ProcessFacts): readonly number[] {
    this.#parents.set(pid, parent);
    const ancestors: number[] = [];
    for (let at: number | undefined = parent; at !== undefined && at !== 0 && !ancestors.includes(at);) {
      ancestors.push(at);
      if (!this.#parents.has(at)) {
        this.#parents.set(at, readProcess(at)?.parent);
      }
      at = this.#parents.get(at);
    }
    return ancestors;
  }
}

/** The last: a path at which the inode is to be had from the process. */
type Holders = readonly (readonly [PinnedInode, Holder, string])[];

function holdersIn(eyes: Finding, pid: number, wanted: Wanted, ancestors: Ancestors): Holders | 'closed' {
  for (let times = 1; ; times++) {
    const look = seen(eyes, pid, pid === process.pid ? wanted.descriptors : nothing);
    if (look === 'closed') {
      return look;
    }
    if (typeof look === 'string' || !concerns(look, wanted)) {
      return [];
    }
    const found = describe(eyes, look, wanted, ancestors);
    if (found !== 'changed') {
      return found;
    }
    if (times === LOOKS) {
      return [];
    }
  }
}

function seen({ calls, memory }: Finding, pid: number, besides: ReadonlySet<number>): Look | Unseen {
  const known = memory.recall(pid);
  if (known !== undefined) {
    return known;
  }
  const moment = memory.moment(pid);
  const look = lookAt(calls, pid, besides);
  if (moment !== undefined && look !== 'closed' && look !== 'gone') {
    memory.remember(pid, moment, look);
  }
  return look;
}

function concerns({ inodes, mapped, executableInode, invocation }: Look, wanted: Wanted): boolean {
  return (
    inodes.some((inode) => wanted.isInode(inode)) ||
    mapped.some((inode) => wanted.isMapped(inode)) ||
    wanted.isInode(executableInode) ||
    (invocation?.scripts.length ?? 0) > 0
  );
}

/** `changed`: it is not the program any more that was looked at. One that has ended has nothing. */
function describe(eyes: Finding, look: Look, wanted: Wanted, ancestors: Ancestors): Holders | 'changed' {
  const { pid, at, started } = look;
  const evidence = refusedIs(new Map<PinnedInode, never>(), () => gatherEvidence(eyes, look, wanted));
  const verdicts = [...evidence].flatMap(([pin, one]) => {
    const verdict = classify(one);
    return verdict === undefined ? [] : [[pin, verdict, one.at] as const];
  });
  if (verdicts.length === 0) {
    return [];
  }
  const uid = unlessEnded(() => parseUser(readProcAtOnce(`${at}/status`)).value);
  const executable = eyes.calls.linkAt(`${at}/exe`);
  // All that was read of this pid was of one process if that is there still.
  const facts = readProcess(pid);
  if (uid === undefined || facts?.started !== started) {
    return [];
  }
  // Its path changes with its name.
  if (!('path' in executable) || eyes.calls.inodeAt(`${at}/exe`) !== look.executableInode) {
    return 'changed';
  }
  const holder = {
    process: { pid, started },
    program: programName(executable.path),
    since: eyes.booted + Math.round((started * 1000) / TICKS_PER_SECOND),
    uid,
    ancestors: ancestors.of(facts),
  };
  return verdicts.map(([pin, verdict, where]) => [pin, { ...holder, ...verdict }, where]);
}

/** A process may close itself to us at any time: it becomes another user's. */
function refusedIs<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch (thrown) {
    if (SystemError.is(thrown, 'EACCES', 'EPERM')) {
      return otherwise;
    }
    throw thrown;
  }
}
