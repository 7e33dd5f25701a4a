/**
 * The keeper's thread: holds the leases, sleeps in poll(2) and answers whoever waits. It touches local file systems only, and
 * never writes, copies or syncs: that is the stager's.
 */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import { describeError } from '../core/errors';
import { LeaseTable } from '../core/leaseTable';
import type { KeeperAnswer, KeeperData } from '../core/messages';
import { letGo, openGate } from '../platform/select';
import { Gates } from './gates';
import { keep } from './keeperLoop';

const parent = parentPort;
if (!parent) throw new Error('the keeper runs as a worker thread only');

const data = workerData as KeeperData<MessagePort>;
if ('rescue' in data) letGo(new LeaseTable(data.rescue).descriptors());
else {
  keep(
    data,
    (answer: KeeperAnswer) => {
      parent.postMessage(answer);
    },
    (outbox, leases, now) => {
      const system = openGate({
        problem: (error) => {
          outbox.problem(describeError(error));
        },
        progress: () => {
          leases.beat();
        },
      });
      return { system, gates: new Gates(system, outbox, leases, now) };
    },
  );
}
