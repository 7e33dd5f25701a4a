/** The lookout's thread as it is on macOS, with the lsof and ps of this machine. */
import { performance } from 'node:perf_hooks';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import type { LookoutData } from '../../src/core/holders/messages';
import { lookOut } from '../../src/keeper/lookoutLoop';
import { LsofHolderFinder } from '../../src/platform/darwin/finder';
import { AskingWaiter } from '../../src/platform/portable/waiter';
import { programsHere } from './lsof';

const parent = parentPort;
if (!parent) throw new Error('runs as a worker thread only');

/** A test does not wait as long as a person. */
const pace = { betweenAsking: 200, restPerPass: 1 };

const clock = (): number => performance.now();
lookOut(
  workerData as LookoutData<MessagePort>,
  (answer) => {
    parent.postMessage(answer);
  },
  { pinsAtMost: 256, finder: new LsofHolderFinder(programsHere), waiter: new AskingWaiter(clock, pace) },
  { now: () => Date.now(), clock },
);
