/** What the times are held against. The benchmark says what is over; it never fails for it. */

/** Of the median with Holdfast on to the median with Holdfast off. */
export const ratioBounds = {
  /** Nobody has the file open, or the file system makes clones of it without copying (reflinks). */
  noCopy: 1.1,
  /** Somebody has it open, and it is copied at each save. */
  copy: 1.15,
  /** The same, and it is longer than `longerThan`. */
  longCopy: 2,
} as const;

/** Bytes. */
export const longerThan = 2_000_000;

/** Milliseconds that VS Code waits for us at the 99th percentile, for files not longer than `longerThan`. */
export const answerBound = 100;

/** How often the keeper's thread may be given a processor while nothing is saved. */
export const idleBound = 0;

/** Milliseconds from the bundle's first line to the end of activation, the median of all starts. */
export const activationBound = 50;

/** Of finding holders. */
export const holderBounds = {
  /** Milliseconds for 10,000 files. */
  probe: 150,
  /** Of a pass for 1,000 files to fuser for one. */
  pass: 0.8,
  /** Of a pass for 1,000 files to one for one file. */
  manyFiles: 1.2,
  /** Of one processor, while nobody uses 1,000 watched files. */
  idle: 0.002,
} as const;

/** Of flags. */
export const flagBounds = {
  /** Of a check to a stat. */
  check: 0.05,
  /** Microseconds that the stager spends on a file that nobody has a flag of. */
  noFlag: 100,
} as const;

export interface Circumstances {
  readonly bytes: number;
  readonly user: User;
  readonly reflinks: boolean;
}

/** Who is on the file while it is saved; see `users.ts`. */
export type User = 'nobody' | 'holder' | 'reader';

export function boundOf({ bytes, user, reflinks }: Circumstances): number {
  if (user === 'nobody' || reflinks) return ratioBounds.noCopy;
  return bytes > longerThan ? ratioBounds.longCopy : ratioBounds.copy;
}

export function verdict(value: number, bound: number): 'PASS' | 'over' {
  return value <= bound ? 'PASS' : 'over';
}
