import { describeError, type ErrorFacts } from './errors';
import type { Counts, RefusedWhy, WithdrawnWhy } from './gate/operations';
import type { Question } from './options';
import type { Loss } from './ports';
import type { Room, Unstoppable } from './veto';

/**
 * What a save of a target can be given:
 * - `gated`: the editor's own write is kept off the path. Readers get the old version or the new one, complete; nobody's bytes
 *   change.
 * - `detached`: a private clone is put at the path before the editor writes; nobody's bytes change.
 * - `direct`: the editor writes in place; whoever uses the file sees the change.
 * - `none`: there is nothing that could be held, or nothing that could be written.
 */
export type Level = 'gated' | 'detached' | 'direct' | 'none';

/** Every reason belongs to exactly one level. */
export const levelOf = {
  gated: 'gated',
  notSaved: 'gated',
  readersCaught: 'gated',
  writersCaught: 'gated',

  otherWindow: 'detached',
  bytesUnknown: 'detached',
  noLeases: 'detached',
  leasesOff: 'detached',
  leasesForOwner: 'detached',
  gateRefused: 'detached',
  gateStopped: 'detached',

  switchedOff: 'direct',
  neverGuarded: 'direct',
  notHeld: 'direct',
  unannounced: 'direct',
  platform: 'direct',
  library: 'direct',
  hardLinks: 'direct',
  mountPoint: 'direct',
  directoryNotWritable: 'direct',
  stickyDirectory: 'direct',
  foreignOwner: 'direct',
  foreignGroup: 'direct',
  wouldLose: 'direct',
  notReadable: 'direct',
  noRoom: 'direct',
  tooSlow: 'direct',
  busy: 'direct',
  changedMeanwhile: 'direct',
  otherWriter: 'direct',
  passedBy: 'direct',
  keeperStopped: 'direct',
  failed: 'direct',

  vetoed: 'none',
  newFile: 'none',
  notRegular: 'none',
  sealed: 'none',
  synthetic: 'none',
} as const satisfies Record<string, Level>;

export type Reason = keyof typeof levelOf;

/** Reasons for which a save got less than its target could have been given. The user is shown these as a warning. */
const shortfalls: ReadonlySet<Reason> = new Set<Reason>([
  'readersCaught',
  'writersCaught',
  'otherWriter',
  'passedBy',
  'noRoom',
  'vetoed',
  'tooSlow',
  'busy',
  'changedMeanwhile',
  'keeperStopped',
  'failed',
]);

export function isShortfall(reason: Reason): boolean {
  return shortfalls.has(reason);
}

/** What a clone cannot be given, without the error. */
export type Lost = Pick<Loss, 'what' | 'name'>;

/**
 * What a new file at the path is without: `otherNames`: the target's other names, `mounts`: the places where it is mounted by
 * itself, which keep the old version; `owner`, `group`: they become those of a file that this user makes.
 */
export type GivenUp =
  | { readonly what: 'otherNames' | 'owner' | 'group' }
  | { readonly what: 'mounts'; readonly at: readonly string[] }
  | { readonly what: 'attribute'; readonly lost: Lost };

/** The level of one target, foreseen or reached, with everything that the log and the interface need. A plain value. */
export interface Report {
  readonly level: Level;
  readonly reason: Reason;
  /** For `wouldLose`: what a clone cannot be given. */
  readonly lost?: Lost;
  /** For `direct`: another program uses the file, and sees the change. */
  readonly held?: true;
  /** What the new file is without. */
  readonly givesUp?: readonly GivenUp[];
  /** What the level depends on, and the user has not said. */
  readonly question?: Question;
  /** A save has left other names behind that still lead to an old version, and can be joined again. */
  readonly separated?: true | undefined;
  /** For `neverGuarded`: the pattern that names the file. */
  readonly pattern?: string;
  /** For a gate that was not to be had: what came in its way. */
  readonly gate?: RefusedWhy | WithdrawnWhy;
  /** For `noRoom` and `vetoed`. */
  readonly room?: Room;
  /** For `noRoom`: why the editor is not stopped. */
  readonly unstoppable?: Unstoppable;
  /** For what the system refused. */
  readonly error?: ErrorFacts;
  /** For a reached level: whether the clone was on the disk before it was published. */
  readonly synced?: boolean;
  /** With durability `full`: whether the folder reached the disk after the new version got there. */
  readonly directorySynced?: boolean;
  /** For a gated save that has ended. */
  readonly counts?: Counts;
}

export function report(reason: Reason, details: Omit<Report, 'level' | 'reason'> = {}): Report {
  return { level: levelOf[reason], reason, ...details };
}

export function lossReport(loss: Loss): Report {
  const lost = { what: loss.what, name: loss.name };
  return report('wouldLose', loss.error ? { lost, error: describeError(loss.error) } : { lost });
}
