/** What a reaction of the gate may do. Every operation is one step: between two of them anything can happen in the world. */
import type { ErrorFacts } from '../errors';
import type { Room } from '../veto';
import type { Displaced, Probed, Slot } from './ports';

export type TimerName = 'expire' | 'expect' | 'hold' | 'drain' | 'search' | 'look' | 'close';

/** Why the editor is done with a save, or we are. */
export type EndReason = 'saved' | 'givenUp' | 'superseded' | 'stop';

/** What comes from outside, while no reaction is under way. */
export type GateEvent =
  | { readonly is: 'started' }
  | { readonly is: 'opened' | 'closed' | 'broken'; readonly slot: Slot }
  /** The names or attributes of one of the inodes have changed, perhaps by ourselves. */
  | { readonly is: 'moved' }
  /** Events were lost. */
  | { readonly is: 'lost' }
  | { readonly is: 'cloned' | 'restaged' | 'synced'; readonly slot: Slot }
  | { readonly is: 'notCloned' | 'notRestaged'; readonly error: ErrorFacts }
  | { readonly is: 'kept' }
  | { readonly is: 'tick'; readonly name: TimerName }
  | { readonly is: 'over'; readonly why: EndReason };

/** Of one save, for the log and the interface. */
export interface Counts {
  /** Complete versions put at the path: one, or two if a later save participant changed the text. */
  readonly publishes: number;
  /** Baits that were left to a reader. */
  readonly retired: number;
  /** Processes that still had the bait open when the editor had to be let go. */
  readonly residual: number;
  /** Processes that were let go together with the editor, to write what it writes: it could not be sent elsewhere. */
  readonly raced: number;
  /** Versions of other programs that were kept aside. */
  readonly kept: number;
}

/**
 * - `refused`: before the editor was told to go on. The path leads to what it led to before, nothing is held.
 * - `published`: what the editor wrote is at the path, and was never there in part.
 * - `withdrawn`: nothing was published. The editor did not come, or wrote in place.
 */
export type Outcome =
  | { readonly kind: 'refused'; readonly why: RefusedWhy; readonly error?: ErrorFacts }
  | { readonly kind: 'published'; readonly counts: Counts }
  | {
      readonly kind: 'withdrawn';
      readonly why: WithdrawnWhy;
      readonly error?: ErrorFacts;
      readonly counts: Counts;
      /** Nothing was staged for want of room, and the editor was to be stopped for that. */
      readonly room?: Room;
    };

export type RefusedWhy = 'otherWindow' | 'changed' | 'noLease' | 'noClone' | 'stopped';
/** `vetoed`: the editor was made to fail, before it changed anything; see `veto.ts`. */
export type WithdrawnWhy = 'passedBy' | 'notWritten' | 'otherWriter' | 'stopped' | 'failed' | 'vetoed';

export interface Operations {
  // Asked of the kernel; see `Site`. They throw `SystemError`.

  /** Takes over what the stager has handed in for this slot. */
  take(slot: Slot): void;
  probe(slot: Slot): Probed;
  lease(slot: Slot): void;
  /** Somebody waits for its lease to be given up, or is about to. */
  isBroken(slot: Slot): boolean;
  waiting(slot: Slot): readonly number[];
  isAtPath(slot: Slot): boolean;
  /** Takes what the path leads to, for this slot if it is none of ours. Which slot that is; `undefined`: nothing that can be saved. */
  adopt(as: Slot): Slot | undefined;
  exchange(slot: Slot): Displaced;
  takeBack(slot: Slot): boolean;
  /** Which of the inodes were opened since the last look. */
  glance(): readonly Slot[];
  /** How many others than the editor have the inode open or mapped. */
  search(slot: Slot): number;
  /**
   * What the editor wrote, beside the bytes of the staged slot. `untouched`: nothing; neither size nor mtime has changed. `told`: all of
   * another text that we were told of.
   */
  compare(slot: Slot, staged: Slot): 'equal' | 'beginning' | 'told' | 'other' | 'untouched';

  // These never fail.

  letGo(slot: Slot): void;
  /** Makes every `open` in which the editor waits begin again: it goes to what the path leads to now. Whether there was one. */
  interrupt(): boolean;
  /**
   * What the editor has closed may be the half of what it was to write, if that is other than the staged slot: its process is ending, or there is
   * hardly any room where it writes.
   */
  mayBeUnfinished(staged: Slot): boolean;
  drop(slot: Slot | 'foreign'): void;
  /**
   * Whether it comes as `opened` when somebody opens the slot. It does from `take` on; where it says nothing new it is not to: a program that
   * opens a file without end would keep this thread busy as long.
   */
  tellOpens(slot: Slot, told: boolean): void;
  alignTime(slot: Slot, like: Slot): void;
  acknowledge(slot: Slot): void;
  /** Makes what is at the path a little newer, so that the editor sees that it is not what it has saved. */
  restamp(): void;

  // Ordered from the stager; the answer comes as an event.

  /** A private clone of the old version, to be slot `as`: `cloned` or `notCloned`. */
  clone(of: Slot, as: Slot): void;
  /** The bytes of the staged slot once more, to be slot `as`: `restaged` or `notRestaged`. */
  restage(as: Slot): void;
  /** A copy outside the workspace, of which the user is told: `kept`. */
  keep(slot: Slot | 'foreign'): void;

  /**
   * Instead of an earlier one of that name. Comes back as `tick`. A `search` comes when everybody who is in the middle of an
   * `open` is through with it, too.
   */
  timer(name: TimerName, milliseconds: number): void;
  /** The editor may go on. */
  answer(): void;
  /** The last operation. Whatever is left is dropped. */
  end(outcome: Outcome): void;
}

export type OperationName = keyof Operations;

export type Call = {
  [Name in OperationName]: { readonly name: Name; readonly args: Readonly<Parameters<Operations[Name]>> };
}[OperationName];

/**
 * A reaction to one event: asks for operations one after the other, gets what each returns (or throws), and ends with the
 * next state. As a pure coroutine it can be run by the keeper and, with every interleaving, by a simulated kernel.
 */
export type Reaction<Result> = Generator<Call, Result, unknown>;

export function* call<Name extends OperationName>(
  name: Name,
  ...args: Parameters<Operations[Name]>
): Reaction<ReturnType<Operations[Name]>> {
  return (yield { name, args } as unknown as Call) as ReturnType<Operations[Name]>;
}

/** Runs a reaction to its end with these operations. */
export function perform<Result>(reaction: Reaction<Result>, operations: Operations): Result {
  let step = reaction.next();
  while (!step.done) {
    const { name, args } = step.value;
    let answer: unknown;
    try {
      answer = (operations[name] as (...values: readonly unknown[]) => unknown).apply(
        operations,
        args as readonly unknown[] as unknown[],
      );
    } catch (thrown) {
      step = reaction.throw(thrown);
      continue;
    }
    step = reaction.next(answer);
  }
  return step.value;
}
