/**
 * What a violation is: bytes of an inode that a program has are changed in place, by somebody else.
 *
 * It takes a holder that the change reaches: one that reads the file as it runs, or maps it. Not one that merely has the file open,
 * or has loaded it, or maps it and can write it, too: databases do that, and
 * share it with others on purpose. A new inode at the path is none: whoever has the old one keeps it. Nor is what a program writes into the file that
 * it holds itself. Appending reaches a shell that reads on, and no mapping: what that has stays as it is.
 */
import type { Harm, Holder } from '../holders/holder';

/** A process that wrote the file, or had it open for writing. */
export interface Writer {
  readonly pid: number;
  /** The base name of its executable; empty: it could not be told. */
  readonly program: string;
}

/** How the bytes differ from those that the holders had. */
export interface Change {
  /** `unknown`: they are too many to be compared, or were not kept; but it was written. */
  readonly kind: 'appended' | 'rewritten' | 'unknown';
  /** Lines that were changed, added or taken out. */
  readonly lines?: number;
}

/**
 * Why the old bytes were not put back.
 *
 * - `noCopy`: what the holders had is not known completely.
 * - `moved`: the path leads to another file.
 * - `otherNames`: the file has other names, or is mounted by itself: through which of them it was written is not known.
 * - `fileSystem`: who uses a file is not known for certain there.
 * - `owner`: it is another user's file.
 * - `holders`: nobody is left whom it reached.
 * - `saving`: it is being saved at this moment.
 * - `otherWindow`: another window sees to it.
 * - `attributes`: a new file cannot have all that this one has.
 * - `written`: others came to write it, each time.
 * - `busy`: others kept it open.
 * - `error`: the system refused.
 */
export type NotHealed =
  | 'noCopy'
  | 'moved'
  | 'otherNames'
  | 'fileSystem'
  | 'owner'
  | 'holders'
  | 'saving'
  | 'otherWindow'
  | 'attributes'
  | 'written'
  | 'busy'
  | 'error';

/** What became of a heal. `window`: milliseconds from when the writer was let in until the holders had the old bytes again. */
export type Healed =
  { readonly is: 'healed'; readonly window: number } | { readonly is: 'not'; readonly why: NotHealed };

export interface Violation {
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly when: number;
  /** Empty: not known. */
  readonly writers: readonly Writer[];
  /** Those whom it reaches. */
  readonly holders: readonly Holder[];
  readonly change: Change;
  /** `before`: the writer waited for us; `after`: it had written when we learned of it. */
  readonly caught: 'before' | 'after';
  /** The number of the copy of what the holders had. `undefined`: there is none. */
  readonly running?: number;
  /** `undefined`: it was not tried. */
  readonly healed?: Healed;
}

const reached: ReadonlySet<Harm> = new Set(['readsAsItRuns', 'mapped']);

/** Whether a change in place would reach this holder at all, and not be meant for it. */
export function isReached({ harm, writes }: Pick<Holder, 'harm' | 'writes'>): boolean {
  return reached.has(harm) && writes !== true;
}

/**
 * Whom of those who hold a file a change reaches. None: it is no violation.
 *
 * @param writers empty: not known, so it may be anybody
 */
export function victims(holders: readonly Holder[], writers: readonly Writer[], change: Change): readonly Holder[] {
  return holders.filter(
    (holder) =>
      isReached(holder) &&
      !(change.kind === 'appended' && holder.harm === 'mapped') &&
      (writers.length === 0 || writers.some(({ pid }) => pid !== holder.process.pid)),
  );
}
