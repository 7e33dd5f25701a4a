import type { MessagePort } from 'node:worker_threads';

import { describeError, type ErrorFacts } from '../core/errors';
import { LeaseTable } from '../core/leaseTable';
import type { SentryAnswer, SentryData, SentryOrder } from '../core/violations/messages';
import type { SentryListener, SentrySystem } from '../core/violations/ports';
import { ownThread } from '../platform/linux/threads';
import { receive } from './receive';
import { SentryDesk, type SentryClocks } from './sentryDesk';

/**
 * The sentry's life. It has no event loop: orders lie in a message port, and a descriptor wakes it.
 *
 * @param tell reaches the extension host
 */
export function standSentry(
  { orders, leases, copies, firstCopy }: Exclude<SentryData<MessagePort>, { rescue: unknown }>,
  tell: (answer: SentryAnswer) => void,
  open: (copies: string, firstCopy: number, listener: SentryListener) => SentrySystem,
  clocks: SentryClocks,
): void {
  const table = new LeaseTable(leases);
  table.thread = ownThread() ?? 0;
  const told = new Set<string>();
  const problem = (error: ErrorFacts): void => {
    const key = `${error.operation} ${error.path} ${error.errno}`;
    if (!told.has(key)) tell({ kind: 'problem', error });
    told.add(key);
  };
  const system = open(copies, firstCopy, {
    problem: (error) => {
      problem(describeError(error));
    },
    leased: (descriptor, on) => {
      if (on) table.add(descriptor);
      else table.remove(descriptor);
    },
    sync: (descriptor, path) => {
      tell({ kind: 'sync', descriptor, path });
    },
    progress: () => {
      table.beat();
    },
  });
  const desk = new SentryDesk(system, clocks, tell);
  const obey = (order: SentryOrder): boolean => {
    switch (order.kind) {
      case 'guard':
        desk.guard(order);
        return true;
      case 'dealtWith':
        desk.dealtWith(order.path);
        return true;
      case 'read':
        desk.read(order.id, order.copy);
        return true;
      case 'drop':
        system.drop(order.copy);
        return true;
      case 'synced':
        system.synced(order.descriptor);
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
      const ordered = desk.turn();
      table.beat();
      if (!ordered) continue;
      for (let next = receive(orders); next !== undefined && running; next = receive(orders)) {
        running = obey(next as SentryOrder);
      }
    }
  } finally {
    desk.close();
    system.close();
    orders.close();
  }
}
