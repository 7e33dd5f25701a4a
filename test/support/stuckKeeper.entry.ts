/** The keeper's thread, but it gets stuck in the kernel, so to speak, as soon as it has told an editor to go on. */
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';

import { LeaseTable } from '../../src/core/leaseTable';
import type { GateOrder, KeeperAnswer, KeeperData, KeeperOrder } from '../../src/core/messages';
import { Gates } from '../../src/keeper/gates';
import { openGate, rescue } from '../../src/platform/select';

function tell(answer: KeeperAnswer): void {
  parentPort?.postMessage(answer);
}

function run(orders: MessagePort, leases: LeaseTable): void {
  const system = openGate({ problem: () => undefined, progress: () => undefined });
  let stager: MessagePort | undefined;
  const seen = { armed: false };
  const gates = new Gates(
    system,
    {
      toStager: (request) => stager?.postMessage(request),
      armed: (id) => {
        seen.armed = true;
        tell({ kind: 'armed', id });
      },
      ended: (id, outcome) => {
        tell({ kind: 'ended', id, outcome });
      },
    },
    leases,
    () => performance.now(),
  );
  tell({ kind: 'ready', orders: system.waiter.orders });
  for (;;) {
    const ordered = gates.turn();
    leases.beat();
    if (!ordered) continue;
    for (let next = receiveMessageOnPort(orders); next; next = receiveMessageOnPort(orders)) {
      const order = next.message as KeeperOrder<MessagePort>;
      if (order.kind === 'stager') stager = order.port;
      if (order.kind === 'stop') return;
    }
    for (let next = stager && receiveMessageOnPort(stager); next; next = stager && receiveMessageOnPort(stager)) {
      gates.take(next.message as GateOrder);
    }
    if (seen.armed) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}

const data = workerData as KeeperData<MessagePort>;
if ('rescue' in data) rescue(data.rescue);
else run(data.orders, new LeaseTable(data.leases));
