import { performance } from 'node:perf_hooks';
import { lookout } from '../../core/holders/limits';
import type { LookoutSystem } from '../../core/holders/ports';
import { AskingWaiter } from '../portable/waiter';
import { LsofHolderFinder } from './finder';

/** Parts of macOS, and where they are there: not what an environment's PATH leads to. */
const PROGRAMS = { lsof: '/usr/sbin/lsof', ps: '/bin/ps' };

/** Looking for holders on macOS, for the calling thread, which may wait for other programs. */
export function openDarwinLookout(): LookoutSystem {
  return {
    pinsAtMost: lookout.arguments,
    finder: new LsofHolderFinder(PROGRAMS),
    waiter: new AskingWaiter(() => performance.now()),
  };
}
