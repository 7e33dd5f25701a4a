import type { FileInUse } from '../holders/inUse';

/** Milliseconds since the epoch, in words. */
type Words = (milliseconds: number) => string;

/**
 * How moments are written where versions of these files are told apart by them: to the second in a minute in which two versions of one
 * file came.
 *
 * @param written to the minute
 * @param writtenToTheSecond the same, to the second
 */
export function momentsApart(files: readonly FileInUse[], written: Words, writtenToTheSecond: Words): Words {
  const ambiguous = new Set<string>();
  for (const { current, older } of files) {
    if (older.length === 0) continue;
    const minutes = new Set<string>();
    for (const { since } of [...(current ? [current] : []), ...older]) {
      const minute = written(since);
      if (minutes.has(minute)) ambiguous.add(minute);
      minutes.add(minute);
    }
  }
  if (ambiguous.size === 0) return written;
  return (milliseconds) => {
    const minute = written(milliseconds);
    return ambiguous.has(minute) ? writtenToTheSecond(milliseconds) : minute;
  };
}
