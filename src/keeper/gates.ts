/**
 * Carries out what `core/gate` decides, for all saves at once: turns what the kernel and the other threads tell into events,
 * performs the operations. It never waits inside one save.
 */
import { describeError, type ErrorFacts } from '../core/errors';
import type { EndReason, Outcome, RefusedWhy } from '../core/gate/operations';
import type { GateSystem, Wake } from '../core/gate/ports';
import type { LeaseTable } from '../core/leaseTable';
import type { GivenUp } from '../core/level';
import type { GateOrder, GateRequest } from '../core/messages';
import type { Clock } from '../core/ports';
import { PathTurns } from './pathTurns';
import { RunningGate, type AnsweredOrder, type ArmOrder, type GatePlace } from './runningGate';
import { RunningVeto, type VetoOrder } from './runningVeto';

/** Whom the gates talk to. */
export interface Outbox {
  toStager(request: GateRequest): void;
  /** @param ifStopped what the save is if the keeper ends before it */
  armed(id: number, ifStopped: 'gateStopped' | 'noRoom'): void;
  ended(id: number, outcome: Outcome, givesUp: readonly GivenUp[]): void;
  /** Something was refused that is not to be: for the log. */
  problem(error: ErrorFacts): void;
}

/** A save that is under way here. */
interface Running {
  readonly path: string;
  /** Nothing is left of it. */
  readonly closed: boolean;
  readonly hasEvents: boolean;
  /** When the next timer is due. */
  readonly due: number | undefined;
  start(): void;
  over(why: EndReason): void;
  /** Notes what concerns it. */
  heed(wake: Wake): void;
  askLeases(): void;
  takeEvents(): void;
  tick(now: number): void;
  take(order: AnsweredOrder): void;
  /** The text has changed, and is not staged yet. */
  change(content: Uint8Array): void;
  withoutStager(error: ErrorFacts): void;
  close(): void;
}

export class Gates {
  readonly #system: GateSystem;
  readonly #outbox: Outbox;
  readonly #leaseTable: LeaseTable;
  readonly #now: Clock;
  readonly #running = new Map<number, Running>();
  readonly #turns: PathTurns;
  /** What was woken up for and not looked at yet: a glance of one gate must not lose what concerns another. */
  #leases = false;
  #orders = false;

  constructor(system: GateSystem, outbox: Outbox, leases: LeaseTable, now: Clock) {
    this.#system = system;
    this.#outbox = outbox;
    this.#leaseTable = leases;
    this.#now = now;
    const isSaved = (path: string): boolean => this.#savesOf(path).length > 0;
    this.#turns = new PathTurns(system, now, isSaved, (id, how) => {
      outbox.toStager({ kind: 'locked', id, how });
    });
  }

  get size(): number {
    return this.#running.size;
  }

  /**
   * Sleeps until there is something to do, and does it. True if orders have come.
   * @param ordered there are orders already: sleeps for none
   */
  turn(ordered = false): boolean {
    this.#look(ordered || this.#hasWork() ? 0 : this.#untilDue());
    if (this.#leases) {
      this.#leases = false;
      for (const gate of this.#running.values()) gate.askLeases();
    }
    for (const gate of this.#running.values()) gate.takeEvents();
    for (const gate of this.#running.values()) gate.tick(this.#now());
    this.#turns.tick(this.#now());
    this.#forgetEnded();
    const orders = this.#orders;
    this.#orders = false;
    return orders;
  }

  take(order: GateOrder): void {
    switch (order.kind) {
      case 'lock':
        this.#lock(order);
        break;
      case 'unlock':
        this.#turns.giveUp(order.id);
        break;
      case 'arm':
        this.#begin(order, (place) => this.#gate(order, place));
        break;
      case 'veto':
        this.#begin(order, (place) => this.#veto(order, place));
        break;
      default:
        this.#running.get(order.id)?.take(order);
    }
    this.#forgetEnded();
  }

  over(id: number, why: EndReason): void {
    this.#running.get(id)?.over(why);
    this.#forgetEnded();
  }

  change(id: number, content: Uint8Array): void {
    this.#running.get(id)?.change(content);
  }

  /** The stager is gone: what was ordered from it does not come any more. */
  withoutStager(error: ErrorFacts): void {
    for (const gate of this.#running.values()) gate.withoutStager(error);
    this.#turns.giveUpAll();
    this.#forgetEnded();
  }

  stop(): void {
    for (const gate of this.#running.values()) {
      gate.over('stop');
      gate.close();
    }
    this.#running.clear();
    this.#turns.giveUpAll();
  }

  #lock({ id, place, ifSaved }: Extract<GateOrder, { kind: 'lock' }>): void {
    if (ifSaved === 'yield') {
      this.#turns.ask(id, place, false, true);
      return;
    }
    // Our own lease on the same inode would look like somebody else's open.
    const own = this.#savesOf(place.path);
    for (const gate of own) gate.over('superseded');
    this.#turns.ask(id, place, own.length > 0, false);
  }

  #savesOf(path: string): readonly Running[] {
    return [...this.#running.values()].filter((gate) => gate.path === path);
  }

  #begin(order: ArmOrder | VetoOrder, make: (place: GatePlace) => Running): void {
    const release = this.#turns.handOver(order.id);
    if (!release) {
      this.#refuse(order, 'otherWindow');
      return;
    }
    try {
      const site = this.#system.open(order.place);
      const bystanders = (): (() => boolean) => this.#system.bystanders();
      const interrupt = (process: number): number => this.#system.interrupt(process);
      const isEnding = (process: number): boolean => this.#system.isEnding(process);
      const gate = make({ site, release, bystanders, interrupt, isEnding });
      this.#running.set(order.id, gate);
      gate.start();
    } catch (thrown) {
      release();
      this.#refuse(order, 'noLease', describeError(thrown, 'open', order.place.path));
    }
  }

  #gate(order: ArmOrder, place: GatePlace): Running {
    const look = (): void => {
      this.#look(0);
    };
    return new RunningGate(order, place, this.#outbox, this.#leaseTable, this.#now, look);
  }

  #veto(order: VetoOrder, place: GatePlace): Running {
    const protect: GateSystem['protect'] = (descriptor, by, path) => this.#system.protect(descriptor, by, path);
    return new RunningVeto(order, { ...place, protect }, this.#outbox, this.#leaseTable, this.#now);
  }

  #refuse({ id }: ArmOrder | VetoOrder, why: RefusedWhy, error?: ErrorFacts): void {
    this.#outbox.toStager({ kind: 'ended', id, outcome: { kind: 'refused', why, ...(error ? { error } : {}) } });
  }

  #look(milliseconds: number | undefined): void {
    const wake: Wake = this.#system.waiter.wait(milliseconds);
    this.#leases ||= wake.leases;
    this.#orders ||= wake.orders;
    for (const gate of this.#running.values()) gate.heed(wake);
    this.#turns.heed(wake);
  }

  #hasWork(): boolean {
    return this.#leases || this.#orders || [...this.#running.values()].some((gate) => gate.hasEvents);
  }

  #untilDue(): number | undefined {
    let first = this.#turns.due;
    for (const gate of this.#running.values()) {
      const due = gate.due;
      if (due !== undefined && (first === undefined || due < first)) first = due;
    }
    return first === undefined ? undefined : Math.max(0, Math.ceil(first - this.#now()));
  }

  #forgetEnded(): void {
    const before = this.#running.size;
    for (const [id, gate] of this.#running) {
      if (gate.closed) this.#running.delete(id);
    }
    if (this.#running.size < before) this.#turns.tick(this.#now());
  }
}
