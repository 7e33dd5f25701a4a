/** Where running programs are in the text that an editor shows. */
import type { FileInUse, HolderInUse } from '../holders/inUse';
import type { Level } from '../level';
import { lineAfter, type LineEdit } from '../lineEdits';
import type { Message } from '../text';
import { holderSentences, saveSentence, type Moment } from './words';

/** What is known of an open document beside its text. */
export interface ShownText {
  /** Bytes of the version that it was read from or saved as; `undefined`: not known. */
  readonly size: number | undefined;
  /** What has been changed since. */
  readonly edits: readonly LineEdit[];
  readonly lineCount: number;
}

export interface ReadMark {
  /** From 0. */
  readonly line: number;
  readonly hover: readonly Message[];
}

/**
 * Marks of programs that have the version which the editor shows, or showed before it was edited. A version is taken for that one
 * if it is as large: after a save, and when another program has changed the file, either side may learn of it first.
 */
export function readMarks(
  file: FileInUse | undefined,
  shown: ShownText,
  level: Level | undefined,
  at: Moment,
): readonly ReadMark[] {
  const { current } = file ?? {};
  if (!file || !current || current.size !== shown.size) return [];
  const byLine = new Map<number, HolderInUse[]>();
  for (const holder of current.holders) {
    const line = holder.line === undefined ? undefined : lineAfter(holder.line - 1, shown.edits);
    if (holder.harm !== 'readsAsItRuns' || line === undefined || line < 0 || line >= shown.lineCount) continue;
    byLine.set(line, [...(byLine.get(line) ?? []), holder]);
  }
  return [...byLine]
    .sort(([one], [other]) => one - other)
    .map(([line, holders]) => ({
      line,
      hover: [
        ...holders.map((holder) => holderSentences(holder, { is: 'current' }, at)),
        ...saveSentence({ ...file, unnamed: false, current: { ...current, holders } }, level),
      ],
    }));
}
