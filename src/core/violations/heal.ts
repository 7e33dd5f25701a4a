/**
 * Healing one file: what was written goes to a new file at the path, and the inode that programs have gets its old bytes back.
 *
 * Two inodes take part: the *held* one, which the path led to, and the *new* one. Somebody may be on his way to the held one at any time.
 *
 * `idle`: nothing has been done. The path leads to the held inode, as it was written.
 *   → its writer has closed it, and we have the read lease on it: nobody has it open for writing, or mapped so. It is copied, with all
 *     that a save keeps → `staged`.
 *
 * `staged`: the new inode is complete, and nobody knows of it. We have the lease on the held one, and ask for one on the new one.
 *   → somebody comes to the held one: the new one is dropped → `idle`. That one is let in.
 *   → both leases are there: the two change places at the path → `published`.
 *
 * `published`: the path leads to the new inode; whoever comes to write that waits for our lease on it. Whoever had resolved the
 *   path before meets our lease on the held one within microseconds; `quiet` is for those.
 *   → one of these comes: the held inode goes back to the path → `returning`. If meanwhile somebody else waits for the new one, too, they cannot
 *     both have the path → `apart`.
 *   → quiet: the lease is given up, the held inode is opened for writing. Has anybody opened or written it between the two? Then as if
 *     he had come before. Otherwise the old bytes are put back, at once and in this thread → `restored`. If the system refuses them, or refuses to
 *     say who comes, the held inode goes back to the path, and it ends as a warning.
 *
 * `returning`: the path leads to the held inode again, whose writer still waits, for `quiet`: somebody may have resolved the path to the new
 *   one.
 *   → quiet: what was done is undone, and the writer is let in → `idle`.
 *   → somebody is there: the new one goes to the path again, and both are let in → `apart`.
 *
 * `apart`: somebody writes the held inode, which has no path any more; others may write the new one, which has it.
 *   → closed, and we have the lease again: what was written is written anew to what is at the path: what was appended is appended,
 *     what was rewritten is rewritten. That is as if the one had come after the others → `published`. After `rounds` of these it is
 *     left so: all is at the path, and programs have what was written.
 *
 * `restored`: the old bytes are back.
 *   The new one is anybody's.
 *   → we have the lease on the held inode, and it has nothing but these: healed. That cannot fail but for a writer that was
 *     stopped in the middle of its `open` for longer than `quiet`; then → `apart`.
 *
 * An `open` that stands still between its look at the path and the inode's count of writers, for longer than `quiet` and until all is over,
 * writes to what has no path any more: nobody can see it.
 *
 * What holds in each: every byte that anybody wrote is at the path, or in what somebody has open for writing who is waited for. The path
 * leads to a complete file. The held inode has the old bytes or the written ones, except within `restore`.
 * Before the path is touched it is written down what is done and what the old bytes are; a death at any step is dealt with at the next
 * start (`platform/linux/violations/healRecovery.ts`).
 *
 * In `apart` and `restored` others decide how long it takes. After `settles` it is said that it is not done, and saves of the path go on.
 *
 * Only what is certain is begun: `Healer.begin` has the conditions. After `heals` tries it stays a warning.
 */
import { violationLimits } from './limits';
import type { LeaseAnswer } from './post';
import type { NotHealed } from './violation';

/** The held inode, whose lease is the post's. Nothing of it throws. */
export interface Healer {
  lease(): LeaseAnswer;
  letGo(): void;
  /** Whether the lease is being broken, or is gone. */
  isBroken(): boolean;
  /** Whether it is ours, and nobody is breaking it. */
  isLeased(): boolean;
  /** Looks whether the file can be healed, writes down that it is going to be, and copies it as it is now. */
  begin(): Healing | NotHealed;
  /** The clock at this moment, in milliseconds. */
  now(): number;
}

/** What is under way, and the two inodes of it. Nothing of it throws. */
export interface Healing {
  /** Asks for the read lease on the new inode. */
  leaseNew(): LeaseAnswer;
  /**
   * Puts the new inode at the path, if the held one is there. The held one has a temporary name then. `changed`: its owner, mode or times are not
   * what was copied any more. But for `published` nothing has changed.
   */
  publish(): 'published' | 'moved' | 'changed' | 'failed';
  /**
   * Puts the held inode back to the path. `apart`: somebody waits for the new one, which stays at the path, and is let in. `moved`: another
   * program has put its own file there, which stays; or the held one has lost the written bytes to a disk that refuses the old ones.
   */
  putBack(): 'back' | 'apart' | 'moved';
  /** Whether it is to stay so: looks again for who waits for the new one. */
  stayBack(): 'back' | 'apart' | 'moved';
  /** From here on it is seen who opens or writes the held inode: for `hasCome`. False: it is not, the system refuses. */
  listen(): boolean;
  /** Opens the held inode for writing. `busy`: somebody else has a lease on it, and gives it up. */
  open(): 'opened' | 'busy' | 'failed';
  /** Whether anybody but us has opened or written the held inode since `listen`. */
  hasCome(): boolean;
  /**
   * Puts the old bytes into the held inode. When they are there, the new one is anybody's.
   *
   * @returns when they were there, in milliseconds of the clock; `undefined`: the system refused, and it has what it had, unless `putBack` says
   *   otherwise
   */
  restore(): number | undefined;
  /** Gives up what `open` has opened. */
  shut(): void;
  /** Whether the held inode has the old bytes, and nothing else. */
  isRestored(): boolean;
  /** Writes what was written to the held inode since it lost its path to what is at the path. False: not now. */
  replay(): boolean;
  /** Saves of the path go on, though it is not over. */
  letSave(): void;
  /** Removes the temporary name, and what was written down. */
  end(): void;
  /** Leaves both to the next start. */
  leave(): void;
}

export type HealResult =
  { readonly is: 'healed'; readonly at: number } | { readonly is: 'not'; readonly why: NotHealed };

export class Heal {
  readonly #healer: Healer;
  #state: 'idle' | 'staged' | 'published' | 'returning' | 'apart' | 'restored' = 'idle';
  /** What it comes to when the held inode is at the path again. */
  #then: HealResult | undefined;
  #healing: Healing | undefined;
  #tries = 0;
  #due: number | undefined;
  /** When it is given up to wait for what is in the way. */
  #waitsUntil = 0;
  #restoredAt = 0;
  /** How often it was published anew. */
  #rounds = 0;
  /** When it is to be said that others are in the way; `#said`: it was. */
  #sayAt: number | undefined;
  #said = false;
  #result: HealResult | undefined;

  constructor(healer: Healer) {
    this.#healer = healer;
  }

  /** How it has ended. `undefined`: it goes on, or nothing is being done. */
  get result(): HealResult | undefined {
    return this.#result;
  }

  /** Something has been done that is not over: nobody but us may do anything to the file. */
  get underWay(): boolean {
    return this.#state !== 'idle';
  }

  /** Others have been in the way for so long that it is to be told, though it goes on. */
  get stays(): boolean {
    return this.#said;
  }

  get due(): number | undefined {
    return this.#due;
  }

  /** Nobody has the held inode open for writing; its lease is ours. */
  begin(now: number): void {
    this.#result = undefined;
    if (this.#tries === violationLimits.heals) {
      this.#end({ is: 'not', why: 'written' });
      return;
    }
    this.#tries++;
    const begun = this.#healer.begin();
    if (typeof begun === 'string') {
      this.#end({ is: 'not', why: begun });
      return;
    }
    this.#healing = begun;
    this.#rounds = 0;
    this.#sayAt = undefined;
    this.#said = false;
    this.#state = 'staged';
    this.#waitsUntil = now + violationLimits.healWaits;
    this.#publish(now);
  }

  /** What was begun is another writing's. */
  forget(): void {
    this.#tries = 0;
    this.#result = undefined;
  }

  /** Somebody comes to write the held inode. True: he may be let in; false: not yet, but when `due` has come. */
  disturbed(now: number): boolean {
    switch (this.#state) {
      case 'idle':
      case 'restored':
        return true;
      case 'apart':
        this.#due = this.#said ? undefined : this.#sayAt;
        return true;
      case 'staged':
        this.#undo();
        return true;
      case 'returning':
        return false;
      case 'published':
        this.#putBack(now);
        return !this.#isReturning();
    }
  }

  /** The held inode's lease is ours again. */
  leased(now: number): void {
    if (this.#state === 'restored' && this.#healing?.isRestored() === true) {
      this.#end({ is: 'healed', at: this.#restoredAt });
      return;
    }
    if (this.#state !== 'restored' && this.#state !== 'apart') return;
    this.#goApart(now);
    this.#replay(now);
  }

  tick(now: number): void {
    if (this.#due === undefined || this.#due > now) return;
    this.#due = undefined;
    switch (this.#state) {
      case 'staged':
        this.#publish(now);
        return;
      case 'apart':
        this.#say(now);
        if (this.#healer.isLeased()) this.#replay(now);
        return;
      case 'restored':
        this.#say(now);
        return;
      case 'published':
        this.#restore(now);
        return;
      case 'returning':
        this.#stayBack(now);
        return;
      case 'idle':
    }
  }

  /** There is no time left. What is not done is undone, or left to the next start. */
  stop(): void {
    this.disturbed(0);
    if (this.#isReturning()) this.#stayBack(0);
    if (this.#state === 'restored' && this.#healing?.isRestored() === true) this.#undo();
    this.#healing?.leave();
    this.#healing = undefined;
    this.#state = 'idle';
    this.#due = undefined;
  }

  #publish(now: number): void {
    switch (this.#healing?.leaseNew()) {
      case 'taken':
        if (this.#healer.isBroken()) {
          // Whose lease it is sees that, too, and lets him in.
          this.#undo();
        } else this.#published(this.#healing.publish());
        return;
      case 'writer':
        // Of what we have closed ourselves, another process may still have a copy: one that is just being started.
        if (!this.#waits(now)) this.#end({ is: 'not', why: 'busy' });
        return;
      default:
        this.#end({ is: 'not', why: 'error' });
    }
  }

  #published(how: ReturnType<Healing['publish']>): void {
    switch (how) {
      case 'published':
        this.#state = 'published';
        // The copy that was made in the same go has taken some of the time.
        this.#due = this.#healer.now() + violationLimits.quiet;
        return;
      case 'changed':
        // As if somebody had come.
        this.#undo();
        return;
      case 'moved':
        this.#end({ is: 'not', why: 'moved' });
        return;
      case 'failed':
        this.#end({ is: 'not', why: 'error' });
    }
  }

  #restore(now: number): void {
    const healing = this.#healing;
    if (!healing) return;
    if (this.#healer.isBroken()) {
      this.#putBack(now);
      return;
    }
    this.#then = undefined;
    if (!healing.listen()) {
      this.#then = { is: 'not', why: 'error' };
      this.#putBack(now);
      return;
    }
    this.#healer.letGo();
    const opened = healing.open();
    // Another window's sentry has a lease on it, and gives it up; until then there is none to be had (fs/locks.c, FL_UNLOCK_PENDING). Whoever else
    // comes meanwhile is seen.
    if (opened === 'busy' && this.#waits(now)) return;
    if (opened !== 'opened') {
      this.#then = { is: 'not', why: opened === 'busy' ? 'busy' : 'error' };
      this.#putBack(now);
      return;
    }
    if (healing.hasCome()) {
      healing.shut();
      this.#putBack(now);
      return;
    }
    const at = healing.restore();
    healing.shut();
    if (at === undefined) {
      this.#then = { is: 'not', why: 'error' };
      this.#putBack(now);
      return;
    }
    this.#state = 'restored';
    this.#restoredAt = at;
    this.#due = this.#waitForOthers(now);
    if (this.#healer.lease() === 'taken') this.leased(now);
  }

  /** Looks again after a moment, if there is one left. */
  #waits(now: number): boolean {
    if (now >= this.#waitsUntil) return false;
    this.#due = now + violationLimits.healPause;
    return true;
  }

  #isReturning(): boolean {
    return this.#state === 'returning';
  }

  #putBack(now: number): void {
    const how = this.#healing?.putBack();
    if (how === 'back') {
      this.#state = 'returning';
      this.#due = now + violationLimits.quiet;
    } else this.#notBack(how, now);
  }

  #stayBack(now: number): void {
    const how = this.#healing?.stayBack();
    if (how !== 'back') {
      this.#notBack(how, now);
      return;
    }
    const then = this.#then;
    this.#undo();
    this.#result = then;
  }

  #notBack(how: 'apart' | 'moved' | undefined, now: number): void {
    if (how === 'moved') this.#end(this.#then ?? { is: 'not', why: 'moved' });
    else this.#goApart(now);
  }

  #goApart(now: number): void {
    this.#state = 'apart';
    const sayAt = this.#waitForOthers(now);
    // Whoever is at the new one was not there for it: then nobody tells that it is ours again.
    this.#due = this.#healer.isLeased() ? now : sayAt;
  }

  /** When it is to be said that they are in the way, if it was not. */
  #waitForOthers(now: number): number | undefined {
    this.#sayAt ??= now + violationLimits.settles;
    return this.#said ? undefined : this.#sayAt;
  }

  #say(now: number): void {
    if (this.#said || this.#sayAt === undefined) return;
    if (this.#sayAt > now) {
      this.#due = this.#sayAt;
      return;
    }
    this.#said = true;
    this.#healing?.letSave();
  }

  #replay(now: number): void {
    if (this.#healing?.replay() === true) {
      if (this.#rounds === violationLimits.rounds) {
        this.#end(this.#then ?? { is: 'not', why: 'written' });
        return;
      }
      this.#rounds++;
      this.#state = 'published';
      this.#waitsUntil = now + violationLimits.healWaits;
      this.#due = now + violationLimits.quiet;
    } else this.#due = Math.min(now + violationLimits.settles, this.#waitForOthers(now) ?? Infinity);
  }

  #undo(): void {
    this.#healing?.end();
    this.#healing = undefined;
    this.#state = 'idle';
    this.#due = undefined;
    this.#then = undefined;
    this.#said = false;
  }

  #end(result: HealResult): void {
    this.#undo();
    this.#result = result;
  }
}
