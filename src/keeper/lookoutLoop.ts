import type { MessagePort } from 'node:worker_threads';

import { describeError, SystemError } from '../core/errors';
import type { LookoutAnswer, LookoutData, LookoutOrder, LookoutOutcome } from '../core/holders/messages';
import type { LookoutSystem } from '../core/holders/ports';
import { LineCounts } from './lineCounts';
import { receive } from './receive';
import { WatchDesk, type WatchDeskParts } from './watchDesk';

/**
 * The lookout's life: sleeps until somebody uses a watched file, something ends, or an order comes. It has no event loop.
 *
 * @param tell reaches the extension host
 */
export function lookOut(
  { orders, editor }: LookoutData<MessagePort>,
  tell: (answer: LookoutAnswer) => void,
  system: LookoutSystem,
  clocks: Pick<WatchDeskParts, 'now' | 'clock'>,
): void {
  const { waiter, finder } = system;
  const desk = new WatchDesk({ system, lines: new LineCounts(), editor, tell, ...clocks });
  const answer = (id: number, work: () => LookoutOutcome): void => {
    tell({ kind: 'answer', id, outcome: outcomeOf(work) });
  };
  const obey = (order: LookoutOrder): boolean => {
    switch (order.kind) {
      case 'watch':
        desk.watch(order.paths);
        return true;
      case 'look':
        desk.look(order.path, 'soon');
        return true;
      case 'attend':
        waiter.attend(order.on);
        return true;
      case 'signal':
        answer(order.id, () => {
          finder.signal(order.process, order.signal);
          return { kind: 'done' };
        });
        return true;
      case 'inspect':
        answer(order.id, () => ({ kind: 'inspected', inspected: finder.inspect(order.process) }));
        return true;
      case 'find':
        answer(order.id, () => ({ kind: 'found', candidates: finder.named(order.named) }));
        return true;
      case 'read':
        answer(order.id, () => ({ kind: 'bytes', bytes: desk.read(order.path, order.process) }));
        return true;
      case 'stop':
        return false;
    }
  };
  tell({ kind: 'ready', orders: waiter.orders });
  try {
    for (let running = true; running;) {
      const { milliseconds, uses } = desk.sleep();
      const wake = waiter.wait(milliseconds, uses);
      if (wake.orders) {
        for (let next = receive(orders); next !== undefined && running; next = receive(orders)) {
          running = obey(next as LookoutOrder);
        }
      }
      if (running) desk.woken(wake);
    }
  } finally {
    desk.close();
    waiter.close();
    orders.close();
  }
}

function outcomeOf(work: () => LookoutOutcome): LookoutOutcome {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof SystemError) return { kind: 'refused', error: describeError(thrown) };
    throw thrown;
  }
}
