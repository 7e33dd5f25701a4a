import { describeError, type ErrorFacts } from '../core/errors';
import { newGate, react, STAGED, TARGET, type Gate } from '../core/gate/gate';
import { gateLimits } from '../core/gate/limits';
import {
  perform,
  type EndReason,
  type GateEvent,
  type Operations,
  type Outcome,
  type TimerName,
} from '../core/gate/operations';
import type { Handed, Site, Slot, Wake } from '../core/gate/ports';
import type { LeaseTable } from '../core/leaseTable';
import type { GivenUp } from '../core/level';
import type { GateOrder, GateRequest } from '../core/messages';
import type { Clock } from '../core/ports';
import type { Outbox } from './gates';
import { HeldBack } from './heldBack';

export type ArmOrder = Extract<GateOrder, { kind: 'arm' }>;
export type AnsweredOrder = Exclude<GateOrder, { kind: 'arm' | 'veto' | 'lock' | 'unlock' }>;

export interface GatePlace {
  readonly site: Site;
  /** Gives up the claim on the path. */
  readonly release: () => void;
  /** See `GateSystem`. */
  readonly bystanders: () => () => boolean;
  readonly interrupt: (process: number) => number;
  readonly isEnding: (process: number) => boolean;
}

/** With room for so many of the text that was staged, one that a save participant made of it was written. */
const ROOM_FOR_TEXTS = 2;

/** Milliseconds between two looks whether those who wait for a processor have had it. */
const TURN = 1;

const always = (): boolean => true;

interface Timer {
  readonly at: number;
  /** What it waits for besides, until `last`. */
  readonly settled: () => boolean;
  readonly last: number;
}

/** One save: its state, its inodes, its timers, and the events that wait for it. */
export class RunningGate {
  readonly path: string;
  readonly #id: number;
  readonly #site: Site;
  #release: (() => void) | undefined;
  readonly #outbox: Outbox;
  readonly #leaseTable: LeaseTable;
  readonly #now: Clock;
  readonly #operations: Operations;
  readonly #handed = new Map<Slot, Handed>();
  readonly #contents = new Map<Slot, Uint8Array>();
  readonly #watches = new Map<number, Slot>();
  /** With the descriptor of each. */
  readonly #leased = new Map<Slot, number>();
  readonly #timers = new Map<TimerName, Timer>();
  #due: number | undefined;
  readonly #heldBack = new HeldBack();
  #events: GateEvent[] = [];
  readonly #givesUp: readonly GivenUp[];
  #state: Gate;
  #ended = false;
  #closed = false;
  /** Requests that the stager has not answered: until then it may be reading one of our descriptors. */
  #unanswered = 0;
  /** What the document has become since, if it has changed. */
  #text: Uint8Array | undefined;

  /**
   * @param place its inodes, and what gives up the claim on its path
   * @param look reads the kernel's events, for all gates
   */
  constructor(order: ArmOrder, place: GatePlace, outbox: Outbox, leases: LeaseTable, now: Clock, look: () => void) {
    const { site, release } = place;
    this.path = order.place.path;
    this.#id = order.id;
    this.#site = site;
    this.#release = release;
    this.#givesUp = order.givesUp;
    this.#outbox = outbox;
    this.#leaseTable = leases;
    this.#now = now;
    this.#state = newGate(order.editor, false, order.unseen);
    if (order.synced) this.#heldBack.synced(STAGED);
    this.#handed.set(TARGET, order.target);
    this.#handed.set(STAGED, order.staged);
    this.#contents.set(STAGED, order.content);
    this.#operations = this.#makeOperations(look, place);
  }

  /** Nothing is left of it. */
  get closed(): boolean {
    return this.#closed;
  }

  get hasEvents(): boolean {
    return this.#events.length > 0;
  }

  /** When the next timer is due. */
  get due(): number | undefined {
    const { due } = this.#heldBack;
    // Nothing is due before the clone has come.
    if (this.#ended || due === undefined || this.#state.phase === 'cloning') return this.#due;
    return this.#due === undefined ? due : Math.min(this.#due, due);
  }

  start(): void {
    this.on({ is: 'started' });
    this.#tellSynced(this.#now());
  }

  over(why: EndReason): void {
    this.on({ is: 'over', why });
  }

  on(event: GateEvent): void {
    if (this.#ended) return;
    const { publishes } = this.#state.counts;
    try {
      this.#state = perform(react(this.#state, event), this.#operations);
      if (this.#state.counts.publishes > publishes) this.#tellPublished();
    } catch (thrown) {
      const error = describeError(thrown, event.is, this.path);
      this.#outbox.problem(error);
      this.#fail(thrown, error);
    }
  }

  #tellPublished(): void {
    // The end says it, too.
    if (this.#ended) return;
    this.#done('tell', () => {
      this.#outbox.toStager({ kind: 'published', id: this.#id });
    });
  }

  #fail(thrown: unknown, error: ErrorFacts): void {
    // That it has ended could not be told: only the end of the thread can.
    if (this.#ended) throw thrown;
    const { phase, counts } = this.#state;
    // Before the editor was told to go on, the save is the stager's again.
    const untold = phase === 'opening' || phase === 'cloning';
    this.#end(
      untold ? { kind: 'refused', why: 'noLease', error } : { kind: 'withdrawn', why: 'failed', error, counts },
    );
  }

  /** Notes what concerns this save. */
  heed(wake: Wake): void {
    if (wake.overflow) this.#events.push({ is: 'lost' });
    for (const { watch, what } of wake.events) {
      const slot = this.#watches.get(watch);
      if (slot !== undefined) this.#events.push(eventOf(what, slot));
    }
  }

  askLeases(): void {
    for (const slot of this.#leased.keys()) {
      // Whose state is not known may have been broken, and then nothing else would tell.
      const state = this.#try('leaseState', 'breaking', () => this.#site.leaseState(slot));
      if (state === 'breaking') this.#events.push({ is: 'broken', slot });
    }
  }

  takeEvents(): void {
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) this.on(event);
  }

  tick(now: number): void {
    this.#tellSynced(now);
    if (this.#due === undefined || this.#due > now) return;
    for (const [name, timer] of [...this.#timers]) {
      if (timer.at > now || this.#timers.get(name) !== timer) continue;
      if (now < timer.last && !timer.settled()) {
        this.#timers.set(name, { ...timer, at: now + TURN });
        continue;
      }
      this.#timers.delete(name);
      this.on({ is: 'tick', name });
    }
    this.#findDue();
  }

  take(order: AnsweredOrder): void {
    switch (order.kind) {
      case 'synced':
        // One that has been staged anew may be told of after its successor.
        if (this.#handed.get(this.#state.staged)?.descriptor === order.descriptor) this.#synced(this.#state.staged);
        return;
      case 'cloned':
        this.#handed.set(order.slot, order.handed);
        this.#answered({ is: 'cloned', slot: order.slot });
        return;
      case 'restaged':
        this.#takeRestaged(order);
        return;
      case 'notCloned':
      case 'notRestaged':
        this.#answered({ is: order.kind, error: order.error });
        return;
      case 'kept':
        this.#answered({ is: 'kept' });
    }
  }

  /** The text has changed, and is not staged yet. */
  change(content: Uint8Array): void {
    this.#text = content;
  }

  /** Answers to everything that the stager cannot answer any more. */
  withoutStager(error: ErrorFacts): void {
    this.#unanswered = 0;
    this.on({ is: 'notCloned', error });
    this.on({ is: 'notRestaged', error });
    this.on({ is: 'kept' });
    this.on({ is: 'synced', slot: this.#state.staged });
    if (this.#ended) this.close();
  }

  /** Gives everything up, also what the stager may be reading. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#giveUpClaim();
    this.#timers.clear();
    this.#findDue();
    for (const slot of [...this.#leased.keys()]) this.#forgetLease(slot);
    const close = (): boolean =>
      this.#done('close', () => {
        this.#site.close();
      });
    if (!close()) close();
  }

  #synced(slot: Slot): void {
    this.#heldBack.synced(slot);
    this.#tellSynced(this.#now());
  }

  #tellSynced(now: number): void {
    if (this.#state.phase === 'cloning') return;
    const slot = this.#heldBack.take(now);
    if (slot !== undefined) this.on({ is: 'synced', slot });
  }

  #findDue(): void {
    this.#due = undefined;
    for (const { at } of this.#timers.values()) this.#due = this.#due === undefined ? at : Math.min(this.#due, at);
  }

  #takeRestaged(order: Extract<GateOrder, { kind: 'restaged' }>): void {
    const slot = order.slot ?? this.#state.nextSlot;
    this.#handed.set(slot, order.handed);
    this.#contents.set(slot, order.content);
    if (order.slot === undefined) {
      this.#state = { ...this.#state, nextSlot: slot + 1 };
      this.on({ is: 'restaged', slot });
    } else this.#answered({ is: 'restaged', slot });
    if (order.synced && slot === this.#state.staged) this.#synced(slot);
  }

  #giveUpClaim(): void {
    const release = this.#release;
    this.#release = undefined;
    this.#try('release', undefined, () => release?.());
  }

  #noteLease(slot: Slot): void {
    const descriptor = this.#site.descriptor(slot);
    this.#leased.set(slot, descriptor);
    this.#leaseTable.add(descriptor);
  }

  #forgetLease(slot: Slot): void {
    const descriptor = this.#leased.get(slot);
    if (descriptor === undefined) return;
    this.#leased.delete(slot);
    this.#leaseTable.remove(descriptor);
  }

  /** What must not fail, and would take the save or all of them along if it did. */
  #try<Answer>(what: string, otherwise: Answer, action: () => Answer): Answer {
    try {
      return action();
    } catch (thrown) {
      this.#outbox.problem(describeError(thrown, what, this.path));
      return otherwise;
    }
  }

  /** Whether it was done. */
  #done(what: string, action: () => void): boolean {
    return this.#try(what, false, () => {
      action();
      return true;
    });
  }

  /** What the editor wrote is published rather than dropped because it could not be looked at. */
  #compare(slot: Slot, content: Uint8Array): ReturnType<Operations['compare']> {
    const compare = (): ReturnType<Operations['compare']> => {
      const found = this.#site.compare(slot, content);
      if ((found !== 'beginning' && found !== 'other') || !this.#text) return found;
      return this.#site.compare(slot, this.#text) === 'equal' ? 'told' : found;
    };
    return this.#try('compare', undefined, compare) ?? this.#try('compare', 'other', compare);
  }

  /** Asks the stager; if the order cannot be laid down, that is its answer. */
  #order(request: () => GateRequest, refused: (error: ErrorFacts) => GateEvent): void {
    this.#unanswered++;
    try {
      this.#outbox.toStager(request());
    } catch (thrown) {
      this.#unanswered--;
      const error = describeError(thrown, 'order', this.path);
      this.#outbox.problem(error);
      this.#events.push(refused(error));
    }
  }

  #answered(event: GateEvent): void {
    this.#unanswered--;
    this.on(event);
    if (this.#ended && this.#unanswered <= 0) this.close();
  }

  #end(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timers.clear();
    this.#findDue();
    // At once, even if the descriptors have to stay for a moment.
    for (const slot of [...this.#leased.keys()]) {
      this.#forgetLease(slot);
      this.#letGo(slot);
    }
    this.#giveUpClaim();
    if (this.#unanswered <= 0) this.close();
    // Until a clone or the new version is at the path, the file is what it was.
    const isAsBefore = outcome.kind !== 'published' && this.#state.path === TARGET;
    this.#outbox.ended(this.#id, outcome, isAsBefore ? [] : this.#givesUp);
  }

  /** An editor may be waiting: if it cannot be done twice, the descriptor goes, and with it the lease. */
  #letGo(slot: Slot): void {
    const letGo = (): boolean =>
      this.#done('letGo', () => {
        this.#site.letGo(slot);
      });
    if (letGo() || letGo()) return;
    this.#done('drop', () => {
      this.#site.drop(slot);
    });
  }

  #makeOperations(look: () => void, { bystanders, interrupt, isEnding }: GatePlace): Operations {
    const site = this.#site;
    const id = this.#id;
    return {
      take: (slot) => {
        const handed = this.#handed.get(slot);
        if (!handed) throw new Error(`nothing was handed in for slot ${String(slot)}`);
        // Somebody who only has the file open does not come to the first clone, and what `unreached` saves has its price.
        const readersCome = this.#state.phase === 'armed';
        this.#watches.set(site.take(slot, readersCome ? handed : { ...handed, unreached: false }), slot);
      },
      probe: (slot) => {
        if (slot === TARGET && this.#givesUp.some(({ what }) => what === 'otherNames')) return 'held';
        const probed = this.#try('probe', 'unknown', () => site.probe(slot));
        if (probed === 'free') this.#noteLease(slot);
        return probed;
      },
      lease: (slot) => {
        site.lease(slot);
        this.#noteLease(slot);
      },
      isBroken: (slot) => this.#try('leaseState', false, () => site.leaseState(slot) === 'breaking'),
      // Nobody, if it cannot be told: then the lease is asked for, and whoever waits is let in at the end.
      waiting: (slot) => this.#try('waiting', [], () => site.waiting(slot)),
      isAtPath: (slot) => site.isAtPath(slot),
      adopt: (as) => {
        const found = site.adopt(as);
        if (found?.watch !== undefined) this.#watches.set(found.watch, found.slot);
        return found?.slot;
      },
      exchange: (slot) => {
        const displaced = site.exchange(slot);
        if (slot !== this.#state.staged) this.#heldBack.cloneCame(this.#now());
        return displaced;
      },
      takeBack: (slot) => site.takeBack(slot),
      glance: () => {
        // Who has come is not known then: anybody may have.
        if (!this.#done('glance', look)) return [...this.#watches.values()];
        return this.#events.flatMap((event) => (event.is === 'opened' ? [event.slot] : []));
      },
      search: (slot) => this.#try('search', 1, () => site.search(slot, [this.#state.editor]).length),
      compare: (slot, staged) => this.#compare(slot, this.#contents.get(staged) ?? new Uint8Array()),
      letGo: (slot) => {
        this.#forgetLease(slot);
        this.#letGo(slot);
      },
      interrupt: () => this.#try('interrupt', 0, () => interrupt(this.#state.editor)) > 0,
      // Where that is not known, the complete version that is at the path stays until the editor calls it saved.
      mayBeUnfinished: (staged) =>
        this.#try('isEnding', true, () => {
          const size = this.#contents.get(staged)?.length ?? 0;
          return isEnding(this.#state.editor) || site.room() < gateLimits.room + ROOM_FOR_TEXTS * size;
        }),
      drop: (slot) => {
        if (slot !== 'foreign') this.#forgetLease(slot);
        this.#done('drop', () => {
          site.drop(slot);
        });
      },
      tellOpens: (slot, told) => {
        this.#done('tellOpens', () => {
          site.tellOpens(slot, told);
        });
      },
      alignTime: (slot, like) => {
        this.#done('alignTime', () => {
          site.alignTime(slot, like);
        });
      },
      acknowledge: (slot) => {
        this.#done('acknowledge', () => {
          site.acknowledge(slot);
        });
      },
      restamp: () => {
        this.#done('restamp', () => {
          site.restamp();
        });
      },
      clone: (of, as) => {
        this.#order(
          () => ({ kind: 'clone', id, slot: as, of, descriptor: site.descriptor(of) }),
          (error) => ({ is: 'notCloned', error }),
        );
      },
      restage: (as) => {
        this.#order(
          () => ({ kind: 'restage', id, slot: as }),
          (error) => ({ is: 'notRestaged', error }),
        );
      },
      keep: (slot) => {
        const mayBeWritten = slot === 'foreign' || !this.#leased.has(slot);
        this.#order(
          () => ({ kind: 'keep', id, descriptor: site.descriptor(slot), mayBeWritten }),
          () => ({ is: 'kept' }),
        );
      },
      timer: (name, milliseconds) => {
        const at = this.#now() + milliseconds;
        const settled = name === 'search' ? this.#try('bystanders', always, bystanders) : always;
        this.#timers.set(name, { at, settled, last: at + gateLimits.drain });
        this.#findDue();
      },
      answer: () => {
        this.#outbox.toStager({ kind: 'armed', id });
        this.#outbox.armed(id, 'gateStopped');
      },
      end: (outcome) => {
        this.#end(outcome);
      },
    };
  }
}

function eventOf(what: Wake['events'][number]['what'], slot: Slot): GateEvent {
  switch (what) {
    case 'opened':
      return { is: 'opened', slot };
    case 'closedAfterWriting':
      return { is: 'closed', slot };
    case 'moved':
      return { is: 'moved' };
  }
}
