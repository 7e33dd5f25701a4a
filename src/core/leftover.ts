/** A temporary name that a process left which has ended. */
export interface LeftoverFacts {
  readonly kind: 'regular' | 'other';
  /** It belongs to us, or to whom the file at the path belongs. */
  readonly ours: boolean;
  readonly empty: boolean;
  /** The inode has other names; the path may be one of them. */
  readonly otherNames: boolean;
  /** It was being made, and nobody can have been told that it is saved. */
  readonly unfinished: boolean;
  /** Its bytes, beside those that the path leads to. `unknown`: the path leads to nothing that can be compared. */
  readonly compared: 'equal' | 'beginning' | 'other' | 'unknown';
}

/**
 * - `remove`: all its bytes are elsewhere, or it is a version that never was one.
 * - `keep`: a complete version that is nowhere else: kept outside the workspace, then removed.
 * - `leave`: not ours to touch.
 */
export type LeftoverVerdict = 'remove' | 'keep' | 'leave';

/**
 * What is to become of it. It is never put back to the path, not even where that leads to nothing: the path is changed by exchanges
 * and renames over it alone, so whoever made it lead to nothing is somebody else, who meant it. Kept, it can be restored.
 *
 * The beginning of what the path leads to is what VS Code was writing when it died, or an older version all of whose bytes are there.
 */
export function judgeLeftover(facts: LeftoverFacts): LeftoverVerdict {
  if (facts.kind !== 'regular' || !facts.ours) return 'leave';
  if (facts.empty || facts.otherNames || facts.unfinished) return 'remove';
  return facts.compared === 'equal' || facts.compared === 'beginning' ? 'remove' : 'keep';
}
