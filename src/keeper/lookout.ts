/**
 * The lookout's thread: finds who runs, maps or has open the watched files. Sleeps in poll(2), and looks at processes when a watched file
 * is used, not by the clock; where the system does not tell that, by the clock while somebody looks.
 */
import { performance } from 'node:perf_hooks';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import type { LookoutAnswer, LookoutData } from '../core/holders/messages';
import { openLookout } from '../platform/select';
import { lookOut } from './lookoutLoop';

const parent = parentPort;
if (!parent) throw new Error('the lookout runs as a worker thread only');

lookOut(
  workerData as LookoutData<MessagePort>,
  (answer: LookoutAnswer) => {
    parent.postMessage(answer);
  },
  openLookout(),
  { now: () => Date.now(), clock: () => performance.now() },
);
