/**
 * The keeper's thread: holds the leases, sleeps in poll(2) and answers whoever waits. It touches local file systems only, and
 * never writes, copies or syncs: that is the stager's. It has no event loop: orders lie in message ports, and a descriptor
 * wakes it.
 */
import { performance } from 'node:perf_hooks';
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';

import { describeError, SystemError } from '../core/errors';
import { LeaseTable } from '../core/leaseTable';
import type { GateOrder, KeeperAnswer, KeeperData, KeeperOrder } from '../core/messages';
import { openGate, rescue } from '../platform/select';
import { Gates } from './gates';

const parent = parentPort;
if (!parent) throw new Error('the keeper runs as a worker thread only');

function tell(answer: KeeperAnswer): void {
  parent?.postMessage(answer);
}

function run(orders: MessagePort, leases: LeaseTable): void {
  let stager: MessagePort | undefined;
  const system = openGate({
    problem: (error) => {
      tell({ kind: 'problem', error: describeError(error) });
    },
    progress: () => {
      leases.beat();
    },
  });
  const gates = new Gates(
    system,
    {
      toStager: (request) => stager?.postMessage(request),
      armed: (id) => {
        tell({ kind: 'armed', id });
      },
      ended: (id, outcome) => {
        stager?.postMessage({ kind: 'ended', id, outcome });
        tell({ kind: 'ended', id, outcome });
      },
    },
    leases,
    () => performance.now(),
  );

  /** False: to stop. */
  const obey = (order: KeeperOrder<MessagePort>): boolean => {
    switch (order.kind) {
      case 'stager':
        gates.withoutStager(describeError(new SystemError('stage', '', 'ESHUTDOWN')));
        stager = order.port;
        return true;
      case 'over':
        gates.over(order.id, order.why);
        return true;
      case 'change':
        gates.change(order.id, order.content);
        return true;
      case 'beat':
        return true;
      case 'stop':
        return false;
    }
  };

  tell({ kind: 'ready', orders: system.waiter.orders });
  try {
    for (let running = true; running;) {
      const ordered = gates.turn();
      leases.beat();
      if (!ordered) continue;
      for (let next = receive(orders); next !== undefined && running; next = receive(orders)) {
        running = obey(next as KeeperOrder<MessagePort>);
      }
      for (let next = stager && receive(stager); next !== undefined && running; next = stager && receive(stager)) {
        gates.take(next as GateOrder);
      }
    }
  } finally {
    gates.stop();
    system.waiter.close();
    stager?.close();
    orders.close();
  }
}

/** The next message that lies in a port, without an event loop. What it is, the one who sends on that port knows. */
function receive(port: MessagePort): unknown {
  return receiveMessageOnPort(port)?.message;
}

const data = workerData as KeeperData<MessagePort>;
if ('rescue' in data) rescue(data.rescue);
else run(data.orders, new LeaseTable(data.leases));
