import { inUse, type FileInUse } from '../holders/inUse';
import type { ColorName } from '../contributions';
import { message, texts, type Message } from '../text';
import { holdersOf, inAList, programName, staleHolders } from './words';

/** What the Explorer shows beside a file in use. */
export interface Badge {
  /** At most two characters. A letter: a number is how the Explorer counts problems. */
  readonly badge: 'H' | 'H!';
  readonly color: ColorName;
  readonly tooltip: Message;
}

const namedAtMost = 3;

export function badgeOf(file: FileInUse | undefined): Badge | undefined {
  if (!file || !inUse(file)) return undefined;
  const stale = staleHolders(file);
  const named = stale.length > 0 ? stale : holdersOf(file).map(({ holder }) => holder);
  const more = named.length - namedAtMost;
  const list = [
    ...named
      .slice(0, namedAtMost)
      .map((holder) => message(texts.programAndPid, programName(holder), holder.process.pid)),
    ...(more > 0 ? [message(texts.moreHolders, more)] : []),
    ...(file.unnamed && stale.length === 0 ? [message(texts.unnamedShort)] : []),
  ];
  return stale.length > 0
    ? { badge: 'H!', color: 'holdfast.staleForeground', tooltip: message(texts.staleBadge, inAList(list)) }
    : { badge: 'H', color: 'holdfast.heldForeground', tooltip: message(texts.inUseBadge, inAList(list)) };
}
