import { inUse, type FileInUse } from '../holders/inUse';
import { pictureLimits } from './pictureLimits';

/** A version that was at a path, in milliseconds since the epoch. */
export interface SeenVersion {
  /** As `Generation.since`: by it, it is known again. */
  readonly since: number;
  /** The same; or, if a file's date lies in the future, when the version was seen first. */
  readonly from: number;
  /** When another one took its place, as far as that was seen. */
  readonly until?: number;
}

/** By path, the newest first: also those that nobody has any more, as long as the file is in use. */
export type SeenVersions = ReadonlyMap<string, readonly SeenVersion[]>;

/**
 * What is known now, besides what was known before. A lookout forgets versions that nobody has; without them it could not be told when an older one was
 * replaced.
 *
 * @param changed paths of files of which something else is known than before
 * @param of what is known of them
 * @param now milliseconds since the epoch
 */
export function seeVersions(
  before: SeenVersions,
  changed: readonly string[],
  of: (path: string) => FileInUse | undefined,
  now: number,
): SeenVersions {
  const after = new Map(before);
  for (const path of changed) {
    const file = of(path);
    if (file && inUse(file)) after.set(path, seen(before.get(path) ?? [], file, now));
    else after.delete(path);
  }
  return after;
}

function seen(before: readonly SeenVersion[], { current, older }: FileInUse, now: number): readonly SeenVersion[] {
  const known = new Map(before.map((version) => [version.since, version]));
  const there = new Set([...(current ? [current.since] : []), ...older.map(({ since }) => since)]);
  const newestFirst = [...new Set([...known.keys(), ...there])]
    .map((since) => ({ since, from: known.get(since)?.from ?? Math.min(since, now) }))
    .sort((one, other) => other.from - one.from || other.since - one.since);
  // When the one that was at the path until now was replaced: one that is at the path again came now.
  const replaced = current && !known.has(current.since) ? Math.min(current.since, now) : now;
  const all = newestFirst.map(({ since, from }, index): SeenVersion => {
    if (since === current?.since) return { since, from };
    const earlier = known.get(since);
    const until = earlier ? (earlier.until ?? replaced) : (newestFirst[index - 1]?.from ?? now);
    return { since, from, until: Math.max(from, until) };
  });
  // One that somebody has is drawn, however old it is.
  const others = all.filter(({ since }) => !there.has(since));
  const kept = new Set(others.slice(0, Math.max(0, pictureLimits.seen - there.size)));
  return all.filter((version) => there.has(version.since) || kept.has(version));
}
