/**
 * One file that is guarded against other programs, as long as somebody holds it whom a change in place would reach.
 *
 * `leased`: we have a read lease. Whoever opens the file for writing, or truncates it, waits. Nobody has it open for writing: so it is
 * what the holders have, and no copy of it is needed yet.
 *   → the lease is broken: who waits is noted, and who holds the file; it is copied; the lease is given up → `letIn`. All that in
 *     one step, for `caughtIn` at most; what is not done by then is left out.
 *   → we stood still for so long that the lease has ended by its time (`/proc/sys/fs/lease-break-time`): nobody knows any more what
 *     the holders have → `letIn`, without a copy.
 *
 * `letIn`: somebody was let in, or may be. Nothing is leased.
 *   → it is written: looked at when it is closed, or after `settles`; if other bytes are there, that is told.
 *   → closed, or after a while: the lease is asked for. It is had → `leased`. Somebody still has it open for writing: later again.
 *   → nobody had waited (`touch`; an open that does not wait): the lease comes back after `afterNobody`, so that who was turned away can
 *     come again. The copy stays meanwhile.
 *
 * `watched`: there is no lease to be had, now or ever: it is somebody else's file, leases are switched off, they are too many, or somebody has the file open
 * for writing. It was copied as it was found, if it is small, and is looked at after it was written. Where somebody has it open for
 * writing, the lease is asked for as in `letIn`.
 *
 * Where files are to be healed: what was written after its writer was caught is not told at once, but healed when the lease is had again (`heal.ts`),
 * and then told with what became of it; or before, if others are in the way for long. While a heal is under way the lease is had, broken and asked for as ever, and nothing is looked at.
 *
 * What was told stays until the user has dealt with it, the bytes are again what the holders had, or nobody is left whom
 * it reaches. Until then the first copy is the one that counts, whatever is written after that: it is what the programs began with.
 */
import type { Holder } from '../holders/holder';
import { Heal, type Healing } from './heal';
import { violationLimits } from './limits';
import type { Change, Healed, NotHealed, Violation, Writer } from './violation';
import { victims } from './violation';

/** What a lease is answered with. `writer`: somebody has the file open for writing. `never`: there is none to be had. */
export type LeaseAnswer = 'taken' | 'writer' | 'never';

/** What a post asks of the system. Nothing of it throws. */
export interface PostDoor {
  /**
   * Asks for the read lease.
   *
   * @param closed somebody has just closed it, and may still be counted as a writer for a moment
   */
  lease(closed?: boolean): LeaseAnswer;
  /** Gives it up: who waits goes on. No lease: nothing. */
  letGo(): void;
  /** Whether the lease is being broken, or is gone. */
  isBroken(): boolean;
  /** Whether it has ended by its time: whoever waited went on without us. */
  isOver(): boolean;
  /** Who waits for the lease. */
  waiting(): readonly Writer[];
  /** Who has the file open for writing. */
  writers(): readonly Writer[];
  /**
   * Those of the known holders that have this very inode, as they are now.
   *
   * @param until who has not been looked at by then, and runs, is believed to
   */
  holders(until?: number): readonly Holder[];
  /**
   * Copies the file, unless there is a copy.
   *
   * @param until when to give up, in milliseconds of the clock
   * @param bytes no more than so many
   */
  copy(until: number, bytes: number): void;
  /** The number of the copy, if there is one. */
  readonly copied: number | undefined;
  /** Forgets the copy. */
  dropCopy(): void;
  /** Leaves the copy to those who were told of it: here there is none any more. */
  leaveCopy(): void;
  /** How the file differs from the copy; `undefined`: it does not. Without a copy: `unknown` if it was written since `remember`. */
  compare(): Change | undefined;
  /** What it is now is what it is to be compared with, where there is no copy. */
  remember(): void;
  /** Whether it is told when the file is written, and not only when it is closed. */
  tellWrites(on: boolean): void;
  /** The clock at this moment, in milliseconds: what is done in one go may have taken some. */
  now(): number;
  /**
   * If it is written it is to be healed: what that needs is made ready, long before. Only while there is a lease that nobody has broken.
   *
   * @param until when to give up, in milliseconds of the clock
   */
  readyHeal(until: number): void;
  /** What was made ready is not wanted any more. */
  dropReady(): void;
  /**
   * It is about to be written, and then to be healed: what a heal must know of this moment is found out while the writer waits, from no disk.
   *
   * @param until when to give up, in milliseconds of the clock
   */
  lookBeforeHeal(until: number): void;
  /**
   * Begins to heal the file; see `Healer.begin`.
   *
   * @param holders those whom it reached
   */
  heal(holders: readonly Holder[]): Healing | NotHealed;
}

/** `undefined`: what was told is over. */
export type Tell = (violation: Found | undefined) => void;

/** What is known of a writing that is under way. */
interface Writing {
  readonly writers: readonly Writer[];
  readonly holders: readonly Holder[];
  readonly caught: Violation['caught'];
  /** When the writer was let in. */
  readonly letIn?: number;
}

type Found = Omit<Violation, 'path' | 'when'>;

export class Post {
  readonly #door: PostDoor;
  readonly #tell: Tell;
  #state: 'leased' | 'letIn' | 'watched' = 'watched';
  #writing: Writing | undefined;
  /** It was seen to be written since. */
  #written = false;
  /** When to look at what was written. */
  #lookAt: number | undefined;
  /** When to make ready what a heal needs. */
  #readyAt: number | undefined;
  /** When to ask for the lease. */
  #leaseAt: number | undefined;
  #retry: number = violationLimits.shortestRetry;
  /** The change that was told, as text; and whose it was. */
  #told: string | undefined;
  #toldWriters: ReadonlySet<number> = new Set();
  /** It was told of the writing that is under way. */
  #toldThis = false;
  /** What the file was compared with when it was told first. */
  #toldCopy: number | undefined;
  #mayLease: boolean;
  #wantsLease: boolean;
  /** Until what is written without end is looked at again. */
  #settles: number = violationLimits.settles;
  readonly #heal: Heal;
  /** What is being healed. */
  #found: Found | undefined;

  #heals = false;

  /**
   * @param mayLease whether a lease is wanted at all
   * @param now milliseconds of a clock that nobody sets
   */
  constructor(door: PostDoor, tell: Tell, mayLease: boolean, now: number) {
    this.#door = door;
    this.#tell = tell;
    this.#heal = new Heal({
      lease: () => {
        const answer = door.lease();
        if (answer === 'taken') this.#state = 'leased';
        return answer;
      },
      letGo: () => {
        door.letGo();
        this.#state = 'letIn';
      },
      isBroken: () => door.isBroken(),
      isLeased: () => this.leased && !door.isBroken(),
      begin: () => door.heal(this.#found?.holders ?? []),
      now: () => door.now(),
    });
    this.#mayLease = mayLease;
    this.#wantsLease = mayLease;
    door.tellWrites(true);
    door.remember();
    this.#askLease(now);
    if (this.#state !== 'leased') door.copy(now + violationLimits.caughtIn, violationLimits.copiedAhead);
  }

  /** Whether what is caught is healed. */
  get heals(): boolean {
    return this.#heals;
  }

  set heals(on: boolean) {
    if (on === this.#heals) return;
    this.#heals = on;
    if (!on) this.#door.dropReady();
    this.#expectHeal();
  }

  get leased(): boolean {
    return this.#state === 'leased';
  }

  /** Something was told, and is not over. */
  get told(): boolean {
    return this.#told !== undefined;
  }

  /** A heal is under way: the file is to be guarded until it is over, whatever is at the path. */
  get healing(): boolean {
    return this.#heal.underWay;
  }

  /** When there is something to be done by the clock. */
  get due(): number | undefined {
    const times = [this.#readyAt, this.#lookAt, this.#leaseAt, this.#heal.due].flatMap((time) => time ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /**
   * Somebody may have broken a lease: whose is asked.
   *
   * @param until when whoever waits is to be let go
   */
  leaseBroken(now: number, until: number): void {
    if (this.#state !== 'leased' || !this.#door.isBroken()) return;
    this.#readyAt = undefined;
    if (!this.#heal.disturbed(now)) return;
    if (this.#door.isOver()) {
      this.#tooLate(now, until);
      return;
    }
    const waiting = this.#door.waiting();
    // Of what is told, no second copy: only the first is what the programs began with.
    const { copied } = this.#door;
    if (this.#told === undefined) this.#door.copy(until, violationLimits.compared);
    if (this.#door.isOver()) {
      // Somebody may have written in the middle of the copy.
      if (this.#door.copied !== copied) this.#door.dropCopy();
      this.#tooLate(now, until);
      return;
    }
    // Before the writer does anything: a script may end of what it reads.
    const before = this.#found === undefined ? undefined : this.#writing;
    this.#writing = {
      writers: [...(before?.writers ?? []), ...waiting],
      holders: this.#door.holders(until),
      caught: 'before',
    };
    if (this.#writing.holders.length === 0 && this.#told === undefined) this.#door.dropCopy();
    else if (this.#heals) this.#door.lookBeforeHeal(until);
    this.#door.remember();
    this.#door.letGo();
    this.#writing = { ...this.#writing, letIn: before?.letIn ?? this.#door.now() };
    this.#state = 'letIn';
    this.#retry = violationLimits.shortestRetry;
    this.#leaseAt = now + (waiting.length === 0 ? violationLimits.afterNobody : violationLimits.settles);
    this.#afterHeal(now);
  }

  #tooLate(now: number, until: number): void {
    const { writers = this.#door.writers(), holders = this.#door.holders(until) } = this.#writing ?? {};
    this.#writing = { writers, holders, caught: 'after' };
    // What is told keeps the copy that it has: it is of before.
    if (this.#told === undefined && this.#found === undefined) this.#door.dropCopy();
    this.#door.letGo();
    this.#state = 'letIn';
    this.#retry = violationLimits.shortestRetry;
    this.#leaseAt = now + violationLimits.settles;
    this.#afterHeal(now);
  }

  /** Whether a lease is wanted, from now on. What was told, and what is being written, goes on. */
  wantLease(wanted: boolean, now: number): void {
    if (wanted === this.#wantsLease) return;
    this.#wantsLease = wanted;
    this.#mayLease = wanted;
    if (wanted) {
      this.#askLease(now);
      return;
    }
    // Without it a heal would not come to an end.
    if (!this.healing) this.#giveUpLease(now);
  }

  #giveUpLease(now: number): void {
    const until = now + violationLimits.caughtIn;
    // Who waits at this moment is one that was seen.
    this.leaseBroken(now, until);
    if (this.leased) {
      if (this.#told === undefined) this.#door.copy(until, violationLimits.copiedAhead);
      this.#door.dropReady();
      this.#door.remember();
      this.#door.letGo();
    }
    this.#state = 'watched';
    this.#leaseAt = undefined;
    this.#readyAt = undefined;
  }

  /** It was written. */
  modified(now: number): void {
    // By others, who are waited for, or by us.
    if (this.healing) return;
    this.#note();
    this.#written = true;
    this.#door.tellWrites(false);
    if (this.#lookAt !== undefined) return;
    this.#lookAt = now + this.#settles;
    this.#settles = Math.min(2 * this.#settles, violationLimits.longestRetry);
  }

  /** Somebody has closed it who could write. */
  closed(now: number): void {
    if (this.#state === 'leased') {
      // Of one who wrote before the lease was there again.
      if (this.#lookAt !== undefined) this.#look(now);
      return;
    }
    if (!this.healing) this.#note();
    if (this.#leaseAt !== undefined) {
      this.#retry = violationLimits.shortestRetry;
      this.#askLease(now, true);
    }
    if (this.leased || this.healing) return;
    // It can be healed when it is closed for certain.
    if (this.heals && this.#writing?.caught === 'before') {
      this.#lookAt ??= now + violationLimits.settles;
      return;
    }
    const told = this.#look(now);
    // In `letIn`, the one who was seen to wait may be another one, who is not done.
    if (told || this.#state === 'watched') this.#forgetWriting();
  }

  /** Anything may have happened. */
  lost(now: number): void {
    if (this.#state !== 'leased') this.modified(now);
  }

  tick(now: number): void {
    if (this.#heal.due !== undefined && this.#heal.due <= now) {
      // Who came before that is heard before it.
      this.leaseBroken(now, now + violationLimits.caughtIn);
      this.#heal.tick(now);
      this.#afterHeal(now);
      // And who had to wait for that.
      this.leaseBroken(now, now + violationLimits.caughtIn);
    }
    if (this.#readyAt !== undefined && this.#readyAt <= now) {
      this.#readyAt = undefined;
      if (this.leased && !this.healing && !this.#door.isBroken()) this.#door.readyHeal(now + violationLimits.caughtIn);
    }
    if (this.#lookAt !== undefined && this.#lookAt <= now) this.#look(now);
    if (this.#leaseAt !== undefined && this.#leaseAt <= now) this.#askLease(now);
  }

  /** The user has dealt with it, or nobody is left whom it reaches: what the file is now is what counts from here. */
  dealtWith(now: number): void {
    if (this.#told === undefined) return;
    this.#told = undefined;
    this.#door.leaveCopy();
    this.#door.remember();
    if (this.#state !== 'leased') this.#door.copy(now + violationLimits.caughtIn, violationLimits.copiedAhead);
    this.#expectHeal();
  }

  /** It is not guarded any more. */
  end(): void {
    this.#heal.stop();
  }

  /** Who comes first knows best: the one that was seen before it wrote. */
  #note(): void {
    if (this.#writing && this.#writing.writers.length > 0) return;
    const { holders = this.#door.holders(), caught = 'after' as const } = this.#writing ?? {};
    this.#writing = { writers: this.#door.writers(), holders, caught };
  }

  /** Whether other bytes are there, and somebody is reached by them. */
  #look(now: number): boolean {
    this.#lookAt = undefined;
    if (this.healing) return false;
    this.#door.tellWrites(true);
    this.#found = undefined;
    const change = this.#door.compare();
    const writing = this.#writing;
    if (!change) {
      // Without the first copy nobody knows.
      const isBack = this.#toldCopy !== undefined && this.#toldCopy === this.#door.copied;
      if (this.#told !== undefined && isBack) this.#tell((this.#told = undefined));
      return false;
    }
    // Another time alone, as `touch` gives it, is no other byte.
    if (!writing || (change.kind === 'unknown' && !this.#written)) return false;
    const holders = victims(writing.holders, writing.writers, change);
    if (holders.length === 0) return false;
    const running = this.#door.copied;
    const { writers, caught } = writing;
    const found: Found = { writers, holders, change, caught, ...(running === undefined ? {} : { running }) };
    if (this.heals && this.leased && caught === 'before') {
      this.#found = found;
      // What we write is nobody's.
      this.#door.tellWrites(false);
      this.#heal.begin(now);
      this.#afterHeal(now);
    } else this.#tellOf(found);
    return true;
  }

  /** What has become of a heal is told when it is over, and what cannot be healed at once. */
  #afterHeal(now: number): void {
    if (this.#state === 'letIn') this.#leaseAt ??= now + violationLimits.shortestRetry;
    const { result } = this.#heal;
    const found = this.#found;
    if (!found) return;
    if (!result) {
      this.#goesOn(found, now);
      return;
    }
    this.#found = undefined;
    const letIn = this.#writing?.letIn ?? now;
    const healed: Healed = result.is === 'healed' ? { is: 'healed', window: result.at - letIn } : result;
    const writers = this.#writing?.writers ?? found.writers;
    this.#heal.forget();
    this.#door.tellWrites(true);
    this.#tellOf({ ...found, writers, healed });
    if (this.leased) this.#leased();
    if (!this.#mayLease) this.#giveUpLease(now);
  }

  /** What was found is not told yet. */
  #goesOn(found: Found, now: number): void {
    if (this.healing) {
      const writers = this.#writing?.writers ?? found.writers;
      if (this.#heal.stays) this.#tellOf({ ...found, writers, healed: { is: 'not', why: 'busy' } });
      return;
    }
    // It was undone for somebody else, who may be gone already, or stay for long.
    this.#lookAt = this.leased && !this.#door.isBroken() ? now : now + violationLimits.settles;
    if (!this.#mayLease) this.#giveUpLease(now);
  }

  /** Nothing of what is known already. */
  #tellOf(found: Found): void {
    const told = JSON.stringify([found.change, found.healed?.is]);
    const { writers, running } = found;
    // Nobody known may be anybody, if anything was written since.
    const isSameWriter =
      writers.length > 0 ? writers.every(({ pid }) => this.#toldWriters.has(pid)) : this.#toldThis || !this.#written;
    if (told === this.#told && isSameWriter) return;
    if (this.#told === undefined) this.#toldCopy = running;
    // That the bytes are there again is what was told.
    if (found.healed?.is === 'healed') this.#toldCopy = undefined;
    this.#told = told;
    this.#toldThis = true;
    this.#toldWriters = new Set(writers.map(({ pid }) => pid));
    this.#tell(found);
  }

  #forgetWriting(): void {
    this.#writing = undefined;
    this.#written = false;
    this.#toldThis = false;
    this.#settles = violationLimits.settles;
  }

  /** What the file is now is what it is. */
  #leased(): void {
    // What is to be healed still is: somebody came before it was begun, and is about to be let in.
    if (this.healing || this.#found) return;
    this.#heal.forget();
    this.#forgetWriting();
    if (this.#told === undefined) this.#door.dropCopy();
    this.#door.remember();
    this.#expectHeal();
  }

  /** Nobody waits for what is made ready now. */
  #expectHeal(): void {
    this.#readyAt = this.#heals && this.leased && !this.healing ? this.#door.now() : undefined;
  }

  #askLease(now: number, closed = false): void {
    this.#leaseAt = undefined;
    const answer = this.#mayLease || this.healing ? this.#door.lease(closed) : 'never';
    switch (answer) {
      case 'taken':
        this.#state = 'leased';
        this.#retry = violationLimits.shortestRetry;
        if (this.healing) {
          this.#heal.leased(now);
          this.#afterHeal(now);
          return;
        }
        // Nobody writes any more. Who came last may have done so unseen.
        if (this.#door.copied !== undefined) this.#note();
        if (this.#writing) this.#look(now);
        this.#leased();
        return;
      case 'writer':
        this.#leaseAt = now + this.#retry;
        this.#retry = Math.min(2 * this.#retry, violationLimits.longestRetry);
        return;
      case 'never':
        if (this.healing) {
          // It may be had another time, and must: only then is it over.
          this.#leaseAt = now + this.#retry;
          this.#retry = Math.min(2 * this.#retry, violationLimits.longestRetry);
          return;
        }
        this.#mayLease = false;
        if (this.#state !== 'watched') this.#door.dropReady();
        this.#state = 'watched';
    }
  }
}
