/**
 * The sentry's thread: guards files that programs run from against other programs that write them in place. Sleeps in poll(2), and holds
 * leases of its own; whoever waits for one waits until the file is copied, and no longer than `violationLimits` say.
 */
import { performance } from 'node:perf_hooks';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import { LeaseTable } from '../core/leaseTable';
import type { SentryAnswer, SentryData } from '../core/violations/messages';
import { letGo, openSentry } from '../platform/select';
import { standSentry } from './sentryLoop';

const parent = parentPort;
if (!parent) throw new Error('the sentry runs as a worker thread only');

const data = workerData as SentryData<MessagePort>;
if ('rescue' in data) letGo(new LeaseTable(data.rescue).descriptors());
else {
  standSentry(
    data,
    (answer: SentryAnswer) => {
      parent.postMessage(answer);
    },
    openSentry,
    { now: () => Date.now(), clock: () => performance.now() },
  );
}
