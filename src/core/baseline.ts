import type { TargetFacts } from './ports';

/** What was on the disk when a document became dirty: what the editor believes to overwrite. */
export interface Baseline {
  readonly size: bigint;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  /** Of the bytes. */
  readonly digest: string;
}

const nanosecondsPerMillisecond = 1_000_000n;

/**
 * Whether the file may have bytes that the editor does not know of, and would overwrite without a word: it refuses only if the
 * modification time is newer, in milliseconds, and the size differs (VS Code's fileService.ts, validateWriteFile). Whether they
 * really are others, only the digest tells.
 */
export function mayHideAChange(baseline: Baseline, { size, mtime }: TargetFacts): boolean {
  if (size === baseline.size && mtime === baseline.mtime) return false;
  const newer = mtime / nanosecondsPerMillisecond > baseline.mtime / nanosecondsPerMillisecond;
  return !(newer && size !== baseline.size);
}
