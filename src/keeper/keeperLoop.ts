import { performance } from 'node:perf_hooks';
import type { MessagePort } from 'node:worker_threads';

import { describeError, SystemError } from '../core/errors';
import type { GateSystem } from '../core/gate/ports';
import { LeaseTable } from '../core/leaseTable';
import type { GateOrder, KeeperAnswer, KeeperData, KeeperOrder } from '../core/messages';
import { ownThread } from '../platform/linux/threads';
import type { Gates, Outbox } from './gates';
import { receive } from './receive';

/**
 * Milliseconds for which the stager's orders are obeyed before the kernel is looked at: two hundred saves may be about to be armed, and
 * the editor waits in its `open` for one that is.
 */
const atAStretch = 1;

/** What the loop is run with. */
export interface KeeperParts {
  readonly system: GateSystem;
  readonly gates: Gates;
}

/**
 * The keeper's life. It has no event loop: orders lie in message ports, and a descriptor wakes it.
 *
 * @param tell reaches the extension host
 * @param open the gate of this thread, and what runs the saves on it
 */
export function keep(
  data: Exclude<KeeperData<MessagePort>, { rescue: unknown }>,
  tell: (answer: KeeperAnswer) => void,
  open: (outbox: Outbox, leases: LeaseTable, now: () => number) => KeeperParts,
): void {
  const { orders } = data;
  const leases = new LeaseTable(data.leases);
  leases.thread = ownThread() ?? 0;
  let stager: MessagePort | undefined;
  const outbox: Outbox = {
    toStager: (request) => stager?.postMessage(request),
    armed: (id, ifStopped) => {
      tell({ kind: 'armed', id, ifStopped });
    },
    ended: (id, outcome, givesUp) => {
      stager?.postMessage({ kind: 'ended', id, outcome });
      tell({ kind: 'ended', id, outcome, givesUp });
    },
    problem: (error) => {
      tell({ kind: 'problem', error });
    },
  };
  const { system, gates } = open(outbox, leases, () => performance.now());

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
    let ordered = false;
    for (let running = true; running;) {
      ordered = gates.turn(ordered) || ordered;
      leases.beat();
      if (!ordered) continue;
      const until = performance.now() + atAStretch;
      ordered = false;
      for (let next = receive(orders); next !== undefined && running; next = receive(orders)) {
        running = obey(next as KeeperOrder<MessagePort>);
      }
      for (let next = stager && receive(stager); next !== undefined && running; next = stager && receive(stager)) {
        gates.take(next as GateOrder);
        ordered = performance.now() >= until;
        if (ordered) break;
      }
    }
  } finally {
    gates.stop();
    system.waiter.close();
    stager?.close();
    orders.close();
  }
}
