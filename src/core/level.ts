import type { ErrorFacts } from './errors';
import type { Loss } from './ports';

/**
 * What a save of a target can be given:
 * - `detached`: a private clone is put at the path before the editor writes; nobody's bytes change.
 * - `direct`: the editor writes in place; whoever uses the file sees the change.
 * - `none`: there is nothing that could be held, or nothing that could be written.
 */
export type Level = 'detached' | 'direct' | 'none';

/** Every reason belongs to exactly one level. */
export const levelOf = {
  privateCopy: 'detached',

  switchedOff: 'direct',
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
  keeperStopped: 'direct',
  failed: 'direct',

  newFile: 'none',
  notRegular: 'none',
  sealed: 'none',
  synthetic: 'none',
} as const satisfies Record<string, Level>;

export type Reason = keyof typeof levelOf;

/** Reasons for which a save got less than its target could have been given. The user is shown these as a warning. */
const shortfalls: ReadonlySet<Reason> = new Set<Reason>([
  'noRoom',
  'tooSlow',
  'busy',
  'changedMeanwhile',
  'keeperStopped',
  'failed',
]);

export function isShortfall(reason: Reason): boolean {
  return shortfalls.has(reason);
}

/** The level of one target, foreseen or reached, with everything that the log and the interface need. A plain value. */
export interface Report {
  readonly level: Level;
  readonly reason: Reason;
  /** For `wouldLose`: what a clone cannot be given. */
  readonly lost?: { readonly what: Loss['what']; readonly name: string };
  /** For what the system refused. */
  readonly error?: ErrorFacts;
  /** For a reached level: whether the clone was on the disk before it was published. */
  readonly synced?: boolean;
}

export function report(reason: Reason, details: Omit<Report, 'level' | 'reason'> = {}): Report {
  return { level: levelOf[reason], reason, ...details };
}
