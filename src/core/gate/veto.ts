/**
 * The veto of one save: nothing is staged, because there is no room for it, and the editor's own `open` is to fail before it truncates
 * the only complete version. It is held by a read lease, as at the gate; then the file is protected against writing, and the `open`
 * is made to begin again (a signal): it resolves its path anew and is refused by the kernel. VS Code says so, and has written nothing.
 *
 *   opening ──► armed ──► protected ──► lifted ──► ended: vetoed
 *      │         │ ▲          ▲            │
 *      ▼         ▼ │          └────────────┘
 *    ended:    yielded ──► ended: withdrawn
 *    refused
 *
 * - opening: the target is taken over and leased. Who has it open for writing already is not to be stopped (refused).
 * - armed: the editor is told to go on. A lease costs nobody anything.
 * - yielded: another program wanted to write, and was let in: that is its affair. When it is done the lease is taken again.
 * - protected: the editor waits, the file is protected, its `open` has been interrupted. Looked at until it waits no more.
 * - lifted: the protection is gone. If its `open` was so slow to begin again that it found none, it waits for the lease once more.
 *
 * What holds:
 * 1. The lease is given up only for the end of the save, or for another program that is let in: whatever goes wrong with the
 *    protection, an `open` that has not failed waits.
 * 2. Protected only while the editor waits, until it waits no more or the time for holding it is over; nobody else has the file
 *    open for writing then.
 * 3. Every state but `ended` has a deadline. Where it cannot be stopped in time the editor is let go, and that is told.
 */
import { describeError, SystemError, type ErrorFacts } from '../errors';
import type { Room } from '../veto';
import { gateLimits } from './limits';
import type { Counts, EndReason, Outcome, WithdrawnWhy } from './operations';

export type VetoPhase = 'opening' | 'armed' | 'yielded' | 'protected' | 'lifted' | 'ended';

/** `settle` comes when everybody who is in the middle of an `open` is through with it, too. */
export type VetoTimer = 'expire' | 'look' | 'settle' | 'hold';

export type VetoEvent =
  | { readonly is: 'started' | 'broken' | 'closed' | 'moved' | 'lost' }
  | { readonly is: 'tick'; readonly name: VetoTimer }
  | { readonly is: 'over'; readonly why: EndReason };

/** Asked of the kernel, one after the other; those of the first part throw `SystemError`. */
export interface VetoOperations {
  /** Takes over the target from the stager. */
  take(): void;
  lease(): void;
  /** Whether the path leads to the target, as it was when it was taken. */
  isAtPath(): boolean;
  /** Whether the path leads to the target, be it as it may. */
  isStillThere(): boolean;
  protect(): void;
  /** Also if it is not protected. */
  unprotect(): void;

  // These never fail.

  /** The processes (thread group ids) that wait to write. */
  waiting(): readonly number[];
  /** Makes every `open` in which the editor waits begin again. */
  interrupt(): void;
  letGo(): void;
  timer(name: VetoTimer, milliseconds: number): void;
  answer(): void;
  /** The last operation: gives up what is left. */
  end(outcome: Outcome): void;
}

/** Plain data. */
export interface Veto {
  readonly phase: VetoPhase;
  /** The process (thread group id) that writes for this window. */
  readonly editor: number;
  readonly pause: number;
  /** The time for holding the editor is over. */
  readonly late: boolean;
  /** Why there is nothing to be published: what staging has failed with. */
  readonly because: ErrorFacts;
  readonly room: Room;
}

export function newVeto(editor: number, because: ErrorFacts, room: Room): Veto {
  return { phase: 'opening', editor, pause: gateLimits.quiet, late: false, because, room };
}

const noCounts: Counts = { publishes: 0, retired: 0, residual: 0, raced: 0, kept: 0 };

/** What happens next. */
export function reactToVeto(veto: Veto, event: VetoEvent, system: VetoOperations): Veto {
  return new Reaction(veto, system).to(event);
}

class Reaction {
  readonly #veto: Veto;
  readonly #system: VetoOperations;

  constructor(veto: Veto, system: VetoOperations) {
    this.#veto = veto;
    this.#system = system;
  }

  to(event: VetoEvent): Veto {
    const { phase } = this.#veto;
    if (phase === 'ended') return this.#veto;
    switch (event.is) {
      case 'started':
        return this.#open();
      case 'broken':
        return this.#isIdle() ? this.#met() : this.#veto;
      case 'closed':
        return phase === 'yielded' ? this.#armAgain() : this.#veto;
      case 'moved':
        return this.#isIdle() ? this.#moved() : this.#veto;
      case 'lost':
        return this.#isIdle() ? this.#afterLoss() : this.#veto;
      case 'tick':
        return this.#tick(event.name);
      case 'over':
        return this.#over(event.why);
    }
  }

  /** Nothing is protected. */
  #isIdle(): boolean {
    return this.#veto.phase === 'armed' || this.#veto.phase === 'yielded';
  }

  #open(): Veto {
    try {
      this.#system.take();
      this.#system.lease();
      if (!this.#system.isAtPath()) return this.#end({ kind: 'refused', why: 'changed' });
    } catch (thrown) {
      const why = SystemError.is(thrown, 'EAGAIN') ? 'changed' : 'noLease';
      return this.#end({ kind: 'refused', why, error: describeError(thrown) });
    }
    this.#system.timer('expire', gateLimits.armed);
    this.#system.answer();
    return { ...this.#veto, phase: 'armed' };
  }

  #editorWaits(): boolean {
    return this.#system.waiting().includes(this.#veto.editor);
  }

  /** Somebody wants to write, or did. */
  #met(): Veto {
    const processes = this.#system.waiting();
    if (processes.includes(this.#veto.editor)) return this.#stop();
    return processes.length > 0 ? this.#letIn() : this.#armAgain();
  }

  /** Another program. What it does to the file it would do without us. */
  #letIn(): Veto {
    this.#system.letGo();
    return { ...this.#veto, phase: 'yielded', pause: gateLimits.closing };
  }

  /** Whoever has asked did not wait, or has written and is gone. */
  #armAgain(): Veto {
    try {
      this.#system.lease();
      return { ...this.#veto, phase: 'armed' };
    } catch {
      this.#system.timer('look', this.#veto.pause);
      const pause = Math.min(this.#veto.pause * 2, gateLimits.searchPause);
      return { ...this.#veto, phase: 'yielded', pause };
    }
  }

  /** The names of the file have changed, or its attributes. */
  #moved(): Veto {
    try {
      if (this.#system.isStillThere()) return this.#veto;
    } catch {
      // There is nothing now: what comes next is another program's, too.
    }
    return this.#withdraw('passedBy');
  }

  #afterLoss(): Veto {
    const now = this.#moved();
    return now.phase === 'ended' ? now : this.#met();
  }

  /** The editor waits: here its `open` is made to fail. */
  #stop(): Veto {
    try {
      this.#system.protect();
    } catch (thrown) {
      return this.#giveUp(thrown);
    }
    if (this.#veto.phase !== 'lifted') this.#system.timer('hold', gateLimits.hold);
    this.#system.interrupt();
    this.#system.timer('look', gateLimits.closing);
    return { ...this.#veto, phase: 'protected', pause: gateLimits.closing };
  }

  #tick(name: VetoTimer): Veto {
    const { phase } = this.#veto;
    switch (name) {
      case 'expire':
        return this.#isIdle() ? this.#disarm('notWritten') : this.#veto;
      case 'hold':
        return phase === 'protected' || phase === 'lifted' ? this.#late() : this.#veto;
      case 'settle':
        return phase === 'lifted' ? this.#lookWhetherItCameBack() : this.#veto;
      case 'look':
        if (phase === 'protected') return this.#lookWhetherItFailed();
        return phase === 'yielded' ? this.#armAgain() : this.#veto;
    }
  }

  #lookWhetherItFailed(): Veto {
    if (!this.#editorWaits()) return this.#lift();
    this.#system.interrupt();
    const pause = Math.min(this.#veto.pause * 2, gateLimits.searchPause);
    this.#system.timer('look', pause);
    return { ...this.#veto, pause };
  }

  #lift(): Veto {
    try {
      this.#system.unprotect();
    } catch (thrown) {
      return this.#giveUp(thrown);
    }
    this.#system.timer('settle', gateLimits.quiet);
    return { ...this.#veto, phase: 'lifted' };
  }

  #lookWhetherItCameBack(): Veto {
    if (!this.#editorWaits()) return this.#vetoed();
    return this.#veto.late ? this.#giveUp(this.#timeout()) : this.#stop();
  }

  #vetoed(): Veto {
    const { because: error, room } = this.#veto;
    return this.#end({ kind: 'withdrawn', why: 'vetoed', error, room, counts: noCounts });
  }

  /** Nobody is held for ever. One that does not wait any more has failed, or comes back before everybody is through. */
  #late(): Veto {
    const late = { ...this.#veto, late: true };
    return late.phase === 'lifted' && !this.#editorWaits() ? late : this.#giveUp(this.#timeout());
  }

  #timeout(): SystemError {
    return new SystemError('veto', this.#veto.because.path, 'ETIMEDOUT');
  }

  #giveUp(thrown: unknown): Veto {
    try {
      this.#system.unprotect();
    } catch (again) {
      return this.#withdraw('failed', again);
    }
    return this.#withdraw('failed', thrown);
  }

  /** The end of waiting for the editor, unless it has just come. */
  #disarm(why: WithdrawnWhy): Veto {
    return this.#editorWaits() ? this.#stop() : this.#withdraw(why);
  }

  #over(why: EndReason): Veto {
    const { phase } = this.#veto;
    if (phase === 'opening') return this.#end({ kind: 'refused', why: 'stopped' });
    if (phase === 'yielded') return this.#disarm('otherWriter');
    if (phase === 'armed') return why === 'stop' ? this.#withdraw('stopped') : this.#disarm(withoutWrite(why));
    return why === 'stop' ? this.#giveUp(new SystemError('veto', this.#veto.because.path, 'ECANCELED')) : this.#veto;
  }

  #withdraw(why: WithdrawnWhy, thrown?: unknown): Veto {
    const error = thrown === undefined ? {} : { error: describeError(thrown) };
    const room = why === 'failed' ? { room: this.#veto.room } : {};
    return this.#end({ kind: 'withdrawn', why, counts: noCounts, ...room, ...error });
  }

  #end(outcome: Outcome): Veto {
    this.#system.end(outcome);
    return { ...this.#veto, phase: 'ended' };
  }
}

/** Why the editor has not come. */
function withoutWrite(why: EndReason): WithdrawnWhy {
  return why === 'saved' ? 'passedBy' : 'notWritten';
}
