import { describeError, type ErrorFacts } from '../core/errors';
import { gateLimits } from '../core/gate/limits';
import type { EndReason, Outcome } from '../core/gate/operations';
import type { Slot, Wake } from '../core/gate/ports';
import {
  newVeto,
  reactToVeto,
  type Veto,
  type VetoEvent,
  type VetoOperations,
  type VetoTimer,
} from '../core/gate/veto';
import type { LeaseTable } from '../core/leaseTable';
import type { GateOrder } from '../core/messages';
import type { Clock } from '../core/ports';
import type { VetoBy } from '../core/veto';
import type { Outbox } from './gates';
import type { GatePlace } from './runningGate';

export type VetoOrder = Extract<GateOrder, { kind: 'veto' }>;

export interface VetoPlace extends GatePlace {
  /** See `GateSystem`. */
  readonly protect: (descriptor: number, by: VetoBy, path: string) => () => void;
}

const TARGET: Slot = 0;

/** Milliseconds between two looks whether those who wait for a processor have had it. */
const TURN = 1;

const always = (): boolean => true;

interface Timer {
  readonly at: number;
  readonly settled: () => boolean;
  readonly last: number;
}

/** One save that is to fail: its state, its inode, its timers, and the events that wait for it. */
export class RunningVeto {
  readonly path: string;
  readonly #id: number;
  readonly #order: VetoOrder;
  readonly #place: VetoPlace;
  readonly #outbox: Outbox;
  readonly #leaseTable: LeaseTable;
  readonly #now: Clock;
  readonly #operations: VetoOperations;
  readonly #timers = new Map<VetoTimer, Timer>();
  #events: VetoEvent[] = [];
  #watch: number | undefined;
  /** The descriptor whose lease is ours. */
  #leased: number | undefined;
  #unprotect: (() => void) | undefined;
  #state: Veto;
  #closed = false;

  constructor(order: VetoOrder, place: VetoPlace, outbox: Outbox, leases: LeaseTable, now: Clock) {
    this.path = order.place.path;
    this.#id = order.id;
    this.#order = order;
    this.#place = place;
    this.#outbox = outbox;
    this.#leaseTable = leases;
    this.#now = now;
    this.#state = newVeto(order.editor, order.because, order.room);
    this.#operations = this.#makeOperations();
  }

  get closed(): boolean {
    return this.#closed;
  }

  get hasEvents(): boolean {
    return this.#events.length > 0;
  }

  get due(): number | undefined {
    return this.#timers.size === 0 ? undefined : Math.min(...Array.from(this.#timers.values(), ({ at }) => at));
  }

  start(): void {
    this.#on({ is: 'started' });
  }

  over(why: EndReason): void {
    this.#on({ is: 'over', why });
  }

  heed(wake: Wake): void {
    if (wake.overflow) this.#events.push({ is: 'lost' });
    for (const { watch, what } of wake.events) {
      if (watch !== this.#watch) continue;
      if (what === 'closedAfterWriting') this.#events.push({ is: 'closed' });
      else if (what === 'moved') this.#events.push({ is: 'moved' });
    }
  }

  askLeases(): void {
    if (this.#leased === undefined) return;
    // Whose state is not known may have been broken, and then nothing else would tell.
    if (this.#try('leaseState', 'breaking', () => this.#place.site.leaseState(TARGET)) === 'breaking') {
      this.#events.push({ is: 'broken' });
    }
  }

  takeEvents(): void {
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) this.#on(event);
  }

  tick(now: number): void {
    for (const [name, timer] of [...this.#timers]) {
      if (timer.at > now || this.#timers.get(name) !== timer) continue;
      if (now < timer.last && !timer.settled()) {
        this.#timers.set(name, { ...timer, at: now + TURN });
        continue;
      }
      this.#timers.delete(name);
      this.#on({ is: 'tick', name });
    }
  }

  /** Nothing is ordered from the stager. */
  take(): void {
    return;
  }

  change(): void {
    return;
  }

  withoutStager(): void {
    return;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timers.clear();
    // Before the lease: whoever waits is to find the file as it was.
    this.#try('unprotect', undefined, () => {
      this.#takeOff();
    });
    this.#forgetLease();
    this.#try('close', undefined, () => {
      this.#place.site.close();
    });
    this.#try('release', undefined, () => {
      this.#place.release();
    });
  }

  #on(event: VetoEvent): void {
    if (this.#closed) return;
    try {
      this.#state = reactToVeto(this.#state, event, this.#operations);
    } catch (thrown) {
      const error = describeError(thrown, event.is, this.path);
      this.#outbox.problem(error);
      this.#fail(thrown, error);
    }
  }

  #fail(thrown: unknown, error: ErrorFacts): void {
    // That it has ended could not be told: only the end of the thread can.
    if (this.#closed) throw thrown;
    const { phase, room } = this.#state;
    const counts = { publishes: 0, retired: 0, residual: 0, raced: 0, kept: 0 };
    this.#end(
      phase === 'opening'
        ? { kind: 'refused', why: 'noLease', error }
        : { kind: 'withdrawn', why: 'failed', error, room, counts },
    );
  }

  #end(outcome: Outcome): void {
    this.close();
    this.#outbox.ended(this.#id, outcome, []);
  }

  #try<Answer>(what: string, otherwise: Answer, action: () => Answer): Answer {
    try {
      return action();
    } catch (thrown) {
      this.#outbox.problem(describeError(thrown, what, this.path));
      return otherwise;
    }
  }

  #takeOff(): void {
    const unprotect = this.#unprotect;
    if (!unprotect) return;
    try {
      unprotect();
    } catch {
      // One refusal is not taken for the last word.
      unprotect();
    }
    this.#unprotect = undefined;
  }

  #forgetLease(): void {
    if (this.#leased === undefined) return;
    this.#leaseTable.remove(this.#leased);
    this.#leased = undefined;
  }

  #makeOperations(): VetoOperations {
    const { site, bystanders, interrupt, protect } = this.#place;
    const { editor, by, target } = this.#order;
    return {
      take: () => {
        this.#watch = site.take(TARGET, target);
      },
      lease: () => {
        site.lease(TARGET);
        this.#forgetLease();
        this.#leased = site.descriptor(TARGET);
        this.#leaseTable.add(this.#leased);
      },
      isAtPath: () => site.isAtPath(TARGET),
      isStillThere: () => {
        const found = site.adopt(TARGET + 1);
        return found?.slot === TARGET;
      },
      protect: () => {
        this.#unprotect ??= protect(site.descriptor(TARGET), by, this.path);
      },
      unprotect: () => {
        this.#takeOff();
      },
      waiting: () => this.#try('waiting', [], () => site.waiting(TARGET)),
      interrupt: () => {
        this.#try('interrupt', 0, () => interrupt(editor));
      },
      letGo: () => {
        this.#forgetLease();
        site.letGo(TARGET);
      },
      timer: (name, milliseconds) => {
        const at = this.#now() + milliseconds;
        const settled = name === 'settle' ? this.#try('bystanders', always, bystanders) : always;
        this.#timers.set(name, { at, settled, last: at + gateLimits.drain });
      },
      answer: () => {
        this.#outbox.toStager({ kind: 'armed', id: this.#id });
        this.#outbox.armed(this.#id, 'noRoom');
      },
      end: (outcome) => {
        this.#end(outcome);
      },
    };
  }
}
