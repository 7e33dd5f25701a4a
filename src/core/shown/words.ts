/** What is said of holders, in whole sentences. */
import type { Holder } from '../holders/holder';
import type { FileInUse, Generation, HolderInUse } from '../holders/inUse';
import type { Level } from '../level';
import { message, texts, type Message } from '../text';

/** Writes a moment, milliseconds since the epoch, as the user reads it: `10:32`. */
export type Moment = (milliseconds: number) => string;

/** How long a program's name may be here. The kernel allows file names of 255 bytes. */
const nameAtMost = 40;

/** A program chooses its name by itself: nothing in it may move or hide what stands beside it. */
export function programName({ program }: Pick<Holder, 'program'>): string {
  return shortened(program);
}

/** What others have chosen, as one short line. */
export function shortened(text: string, atMost = nameAtMost): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\uFFFD');
  const characters = Array.from(plain);
  return characters.length > atMost ? `${characters.slice(0, atMost - 1).join('')}…` : plain;
}

export function inARow(sentences: readonly Message[]): Message {
  return chained(texts.inARow, sentences);
}

export function inAList(items: readonly Message[]): Message {
  return chained(texts.inAList, items);
}

function chained(text: string, [first, ...others]: readonly Message[]): Message {
  return others.reduce((before, next) => message(text, before, next), first ?? message(''));
}

/** Which version of the file a holder has. */
export type Version = { readonly is: 'current' } | { readonly is: 'older'; readonly since: number };

/** Every holder of a file with its version, those first who are in danger or behind. */
export function holdersOf(file: FileInUse): readonly { readonly holder: HolderInUse; readonly version: Version }[] {
  const of = (generation: Generation | undefined, version: Version): ReturnType<typeof holdersOf> =>
    (generation?.holders ?? []).map((holder) => ({ holder, version }));
  return [
    ...of(file.current, { is: 'current' }),
    ...file.older.flatMap((older) => of(older, { is: 'older', since: older.since })),
  ];
}

/** Programs that still have an older version. One that has loaded its script is none: it would not look at a newer one, wherever it was. */
export function staleHolders(file: FileInUse): readonly HolderInUse[] {
  return file.older.flatMap(({ holders }) => holders).filter(({ harm }) => harm !== 'loaded');
}

/** Who it is, what it does with the file, and what an in-place edit would do to it. */
export function holderSentences(holder: HolderInUse, version: Version, at: Moment): Message {
  const { what, harm } = holderFacts(holder, version, at);
  return inARow([what, harm]);
}

/** The same, where there is room for two lines. */
export function holderFacts(
  holder: HolderInUse,
  version: Version,
  at: Moment,
): { readonly what: Message; readonly harm: Message } {
  const which = version.is === 'current' ? message(texts.thisFile) : message(texts.versionOf, at(version.since));
  const args = [programName(holder), holder.process.pid, which, at(holder.since)] as const;
  const harm = version.is === 'older' && holder.harm !== 'loaded' ? message(texts.staleHarm) : harmMessage(holder);
  return { what: message(usesText(holder), ...args, holder.line ?? 0), harm };
}

function usesText({ harm, line, read, version }: HolderInUse): string {
  switch (harm) {
    case 'readsAsItRuns':
      if (line === undefined) return texts.runs;
      return read?.by === 'block' ? texts.runsAhead : texts.runsTo;
    case 'mapped':
      return texts.maps;
    case 'open':
      return texts.opens;
    case 'loaded':
      return version === 'unknown' ? texts.loadsUnknown : texts.loads;
  }
}

function harmMessage({ harm, line, read }: HolderInUse): Message {
  switch (harm) {
    case 'readsAsItRuns':
      if (line === undefined) return message(texts.runsHarm);
      return read?.by === 'block' ? message(texts.runsHarmAhead) : message(texts.runsHarmBelow, line);
    case 'mapped':
      return message(texts.mapsHarm);
    case 'open':
      return message(texts.opensHarm);
    case 'loaded':
      return message(texts.loadsHarm);
  }
}

/**
 * What the next save does to who has the current version.
 *
 * @param level `undefined`: not known
 */
export function saveSentence(file: FileInUse, level: Level | undefined): readonly Message[] {
  const atRisk = (file.current?.holders ?? []).filter(({ harm }) => harm !== 'loaded').length + (file.unnamed ? 1 : 0);
  if (atRisk === 0) return [];
  if (level === 'gated' || level === 'detached') return [message(texts.saveIsSafe)];
  if (level !== 'direct') return [];
  return [message(atRisk === 1 ? texts.saveIsDirect : texts.saveIsDirectForAll)];
}

/** How many are told of one by one in a hover. */
const toldAtMost = 5;

/** All that a hover says about who uses a file: a paragraph for each, and the sentence about the next save. */
export function hoverParagraphs(file: FileInUse, level: Level | undefined, at: Moment): readonly Message[] {
  const all = holdersOf(file);
  const more = all.length - toldAtMost;
  return [
    ...all.slice(0, toldAtMost).map(({ holder, version }) => holderSentences(holder, version, at)),
    ...(more > 0 ? [message(texts.moreHolders, more)] : []),
    ...(file.unnamed ? [message(texts.unnamed)] : []),
    ...saveSentence(file, level),
  ];
}

/** How many use it, and how many are behind: for who does not see. */
export function countSentences(file: FileInUse): readonly Message[] {
  const count = holdersOf(file).length;
  const stale = staleHolders(file).length;
  return [
    ...(count === 0 ? [] : [count === 1 ? message(texts.oneHolder) : message(texts.holdersCount, count)]),
    ...(stale === 0 ? [] : [stale === 1 ? message(texts.oneStale) : message(texts.staleCount, stale)]),
    ...(file.unnamed ? [message(texts.unnamed)] : []),
  ];
}

/** What it does with the file, in a few words. */
export function shortUse({ harm, line, read }: HolderInUse): Message {
  switch (harm) {
    case 'readsAsItRuns':
      if (line === undefined) return message(texts.shortRuns);
      return message(read?.by === 'block' ? texts.shortRunsAhead : texts.shortRunsTo, line);
    case 'mapped':
      return message(texts.shortMaps);
    case 'open':
      return message(texts.shortOpens);
    case 'loaded':
      return message(texts.shortLoads);
  }
}
