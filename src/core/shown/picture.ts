/** The picture of files in use: what is drawn, as values. How it is laid out, `src/panel` knows. */
import type { FileInUse, Generation, HolderInUse } from '../holders/inUse';
import { message, texts, type Message } from '../text';
import { pictureLimits } from './pictureLimits';
import type { SeenVersion, SeenVersions } from './seenVersions';
import {
  holderSentences,
  inARow,
  programName,
  shortened,
  shortUse,
  staleHolders,
  type Moment,
  type Version,
} from './words';

/** All of it. `Text`: a message, or the sentence that was made of it. Moments are milliseconds since the epoch. */
export interface Picture<Text> {
  readonly now: number;
  readonly summary: Text;
  readonly files: readonly PictureFile<Text>[];
  /** That there are more files. */
  readonly more?: Text;
}

export interface PictureFile<Text> {
  readonly id: string;
  readonly name: string;
  /** If that is cut. */
  readonly fullName?: string;
  readonly folder: string;
  /** What another program has done to it. */
  readonly violation?: { readonly id: string; readonly label: Text; readonly spoken: Text };
  /** Those that nobody has any more. */
  readonly past: readonly { readonly from: number; readonly until: number }[];
  /** How many these are. */
  readonly pastLabel?: Text;
  /** The current one, and the older ones that somebody has, the newest first. */
  readonly versions: readonly PictureVersion<Text>[];
  /** That there are more versions. */
  readonly more?: Text;
}

export interface PictureVersion<Text> {
  readonly id: string;
  readonly is: 'current' | 'older';
  readonly label: Text;
  readonly detail: Text;
  readonly from: number;
  /** When another one took its place. */
  readonly until?: number;
  /** A program goes on with it that would look at a newer one. */
  readonly behind: boolean;
  readonly programs: readonly PictureProgram<Text>[];
  /** That there are more programs, or one that cannot be named. */
  readonly notes: readonly Text[];
}

export interface PictureProgram<Text> {
  readonly id: string;
  readonly name: string;
  readonly detail: Text;
  readonly use: Text;
  readonly tooltip: Text;
  /** When it began. */
  readonly from: number;
  /** It goes on with an older version, and would look at a newer one. */
  readonly behind: boolean;
}

/** What an item of the picture stands for. */
export type PictureTarget =
  | { readonly is: 'file'; readonly path: string }
  | { readonly is: 'violation'; readonly path: string }
  | { readonly is: 'program'; readonly path: string; readonly holder: HolderInUse };

export interface PictureInput {
  readonly files: readonly FileInUse[];
  readonly seen: SeenVersions;
  readonly now: number;
  readonly at: Moment;
  readonly violation: (path: string) => { readonly sentence: Message; readonly healed: boolean } | undefined;
  /** A file's name, and the folder that it is in, as they are shown; the empty text for none. */
  readonly name: (path: string) => string;
  readonly folder: (path: string) => string;
}

/** @returns the picture, and what each item of it that can be chosen stands for, by its id */
export function pictureOf(input: PictureInput): {
  readonly picture: Picture<Message>;
  readonly targets: ReadonlyMap<string, PictureTarget>;
} {
  const { files, now } = input;
  const drawn = mostTelling(files);
  const targets = new Map<string, PictureTarget>();
  const picture = {
    now,
    summary: summaryOf(files),
    files: drawn.map((file) => fileOf(file, input, targets)),
    ...moreThan(files.length, drawn.length),
  };
  return { picture, targets };
}

/** The same with sentences in place of messages. */
export function inSentences<From, To>(picture: Picture<From>, sentence: (text: From) => To): Picture<To> {
  const { now, summary, files, more } = picture;
  return {
    now,
    summary: sentence(summary),
    files: files.map((file) => fileInSentences(file, sentence)),
    ...(more === undefined ? {} : { more: sentence(more) }),
  };
}

function fileInSentences<From, To>(file: PictureFile<From>, sentence: (text: From) => To): PictureFile<To> {
  const { id, name, fullName, folder, violation, past, pastLabel, versions, more } = file;
  return {
    id,
    name,
    ...(fullName === undefined ? {} : { fullName }),
    folder,
    ...(violation
      ? { violation: { id: violation.id, label: sentence(violation.label), spoken: sentence(violation.spoken) } }
      : {}),
    past,
    ...(pastLabel === undefined ? {} : { pastLabel: sentence(pastLabel) }),
    versions: versions.map((version) => ({
      ...version,
      label: sentence(version.label),
      detail: sentence(version.detail),
      programs: version.programs.map((program) => ({
        ...program,
        detail: sentence(program.detail),
        use: sentence(program.use),
        tooltip: sentence(program.tooltip),
      })),
      notes: version.notes.map(sentence),
    })),
    ...(more === undefined ? {} : { more: sentence(more) }),
  };
}

/** If there are too many, those that have programs behind; in the order that they have. */
function mostTelling(files: readonly FileInUse[]): readonly FileInUse[] {
  if (files.length <= pictureLimits.files) return files;
  const behind = files.filter((file) => staleHolders(file).length > 0);
  const chosen = new Set([...behind, ...files].filter(isFirst).slice(0, pictureLimits.files));
  return files.filter((file) => chosen.has(file));
}

function isFirst<T>(one: T, index: number, all: readonly T[]): boolean {
  return all.indexOf(one) === index;
}

/** How many are left out, if any are. */
export function moreThan(all: number, drawn: number): { readonly more?: Message } {
  return all > drawn ? { more: message(texts.moreHolders, all - drawn) } : {};
}

function summaryOf(files: readonly FileInUse[]): Message {
  const stale = files.reduce((count, file) => count + staleHolders(file).length, 0);
  return inARow([
    ...(files.length === 0 ? [message(texts.pictureNone)] : []),
    ...(files.length === 1 ? [message(texts.pictureOneFile)] : []),
    ...(files.length > 1 ? [message(texts.pictureFiles, files.length)] : []),
    ...(stale === 0 ? [] : [stale === 1 ? message(texts.oneStale) : message(texts.staleCount, stale)]),
  ]);
}

function fileOf(file: FileInUse, input: PictureInput, targets: Map<string, PictureTarget>): PictureFile<Message> {
  const { path } = file;
  const id = `file:${path}`;
  targets.set(id, { is: 'file', path });
  const seen = input.seen.get(path) ?? [];
  const all: readonly { readonly generation: Generation; readonly version: Version }[] = [
    ...(file.current ? [{ generation: file.current, version: { is: 'current' } as const }] : []),
    ...file.older.map((generation) => ({ generation, version: { is: 'older', since: generation.since } as const })),
  ];
  const drawn = all.slice(0, pictureLimits.versions);
  const past = seen.flatMap(({ since, from, until }) =>
    until === undefined || all.some(({ generation }) => generation.since === since) ? [] : [{ from, until }],
  );
  return {
    id,
    ...nameOf(input.name(path)),
    folder: shortened(input.folder(path), longestFolder),
    ...violationOf(path, input, targets),
    past,
    ...pastLabelOf(past.length),
    versions: drawn.map(({ generation, version }, index) => {
      // Two versions of one millisecond: the later in the list is the older one, and stays it.
      const twins = all.slice(index + 1).filter((one) => one.generation.since === generation.since).length;
      const key = `${String(generation.since)}+${String(twins)}:${path}`;
      return versionOf(file, generation, version, seen, key, input, targets);
    }),
    ...moreThan(all.length, drawn.length),
  };
}

/** A folder is read to its end; a program's name need not be. */
const longestFolder = 200;

/** As the kernel allows, in bytes. */
const longestName = 255;

function nameOf(full: string): Pick<PictureFile<Message>, 'name' | 'fullName'> {
  const [name, fullName] = [shortened(full), shortened(full, longestName)];
  return name === fullName ? { name } : { name, fullName };
}

function violationOf(
  path: string,
  input: PictureInput,
  targets: Map<string, PictureTarget>,
): Pick<PictureFile<Message>, 'violation'> {
  const shown = input.violation(path);
  if (!shown) return {};
  const id = `violation:${path}`;
  targets.set(id, { is: 'violation', path });
  const label = message(shown.healed ? texts.healedItem : texts.violatedItem);
  return { violation: { id, label, spoken: shown.sentence } };
}

function pastLabelOf(count: number): Pick<PictureFile<Message>, 'pastLabel'> {
  if (count === 0) return {};
  return { pastLabel: count === 1 ? message(texts.pictureOnePast) : message(texts.picturePast, count) };
}

function versionOf(
  file: FileInUse,
  generation: Generation,
  version: Version,
  seen: readonly SeenVersion[],
  key: string,
  input: PictureInput,
  targets: Map<string, PictureTarget>,
): PictureVersion<Message> {
  const { since, holders } = generation;
  const isCurrent = version.is === 'current';
  const known = seen.find((one) => one.since === since);
  const from = known?.from ?? Math.min(since, input.now);
  const until = isCurrent ? undefined : (known?.until ?? input.now);
  const room = Math.max(0, pictureLimits.items - targets.size);
  const drawn = holders.slice(0, Math.min(pictureLimits.programs, room));
  const { more } = moreThan(holders.length, drawn.length);
  return {
    id: `version:${key}`,
    is: version.is,
    label: isCurrent ? message(texts.currentVersion) : message(texts.versionItem, input.at(since)),
    detail:
      until === undefined ? message(texts.pictureSince, input.at(from)) : message(texts.pictureUntil, input.at(until)),
    from,
    ...(until === undefined ? {} : { until }),
    behind: holders.some((holder) => isBehind(holder, version)),
    programs: drawn.map((holder) => {
      const id = `program:${String(holder.process.pid)}:${String(holder.process.started)}:${key}`;
      targets.set(id, { is: 'program', path: file.path, holder });
      return programOf(id, holder, version, input);
    }),
    notes: [...(more ? [more] : []), ...(isCurrent && file.unnamed ? [message(texts.unnamed)] : [])],
  };
}

/** One that has loaded its script would not look at a newer one, wherever it was. */
function isBehind({ harm }: HolderInUse, version: Version): boolean {
  return version.is === 'older' && harm !== 'loaded';
}

function programOf(id: string, holder: HolderInUse, version: Version, { at }: PictureInput): PictureProgram<Message> {
  const { pid } = holder.process;
  const behind = isBehind(holder, version);
  const since = at(holder.since);
  return {
    id,
    name: programName(holder),
    detail: message(texts.pictureProcess, pid, since),
    use: behind ? message(texts.pictureBehind, shortUse(holder)) : shortUse(holder),
    tooltip: holderSentences(holder, version, at),
    from: holder.since,
    behind,
  };
}
