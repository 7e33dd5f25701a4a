/** The view of files in use: its items as values, and what of it is to be drawn again. */
import type { ItemWord } from '../contributions';
import type { Holder } from '../holders/holder';
import type { FileInUse, Generation, HolderInUse } from '../holders/inUse';
import type { Level } from '../level';
import type { Action } from '../reopen/actions';
import { message, texts, type Message } from '../text';
import {
  countSentences,
  holderSentences,
  inARow,
  programName,
  saveSentence,
  shortUse,
  type Moment,
  type Version,
} from './words';

/** An item. Two of the same id are the same item at different times. */
export interface TreeNode {
  readonly id: string;
  readonly path: string;
  /** `file`: its label is its name, its icon what the file's type has. */
  readonly icon: 'file' | 'violated' | 'current' | 'older' | Holder['harm'] | 'stale' | 'unnamed';
  readonly label: Message;
  readonly description?: Message;
  readonly tooltip: readonly Message[];
  /** What is read out. */
  readonly spoken: Message;
  readonly words: readonly ItemWord[];
  readonly holder?: HolderInUse;
  readonly children: readonly TreeNode[];
}

export interface TreeInput {
  readonly files: readonly FileInUse[];
  readonly level: (path: string) => Level | undefined;
  /** The shells of the integrated terminals, by pid. */
  readonly shells: ReadonlySet<number>;
  /** What can be done about a program that has this older version. */
  readonly actions: (path: string, holder: HolderInUse, version: Generation) => readonly Action[];
  /** Who we are; `undefined`: there are no such numbers here. */
  readonly uid: number | undefined;
  readonly at: Moment;
  /** What is said of another program that has changed this file in place. */
  readonly violation?: (path: string) => { readonly sentence: Message; readonly healed: boolean } | undefined;
  /** A file's name, and the folder that it is in, as they are shown; the empty text for none. */
  readonly name: (path: string) => string;
  readonly folder: (path: string) => string;
}

export function treeOf(input: TreeInput): readonly TreeNode[] {
  return input.files.map((file) => fileNode(file, input));
}

/** The integrated terminal's shell that a holder is or was started from: the nearest. */
export function shellOf({ process, ancestors }: Holder, shells: ReadonlySet<number>): number | undefined {
  return [process.pid, ...ancestors].find((pid) => shells.has(pid));
}

function fileNode(file: FileInUse, input: TreeInput): TreeNode {
  const { path } = file;
  const counts = inARow(countSentences(file));
  const folder = input.folder(path);
  const current = file.current && (file.current.holders.length > 0 || file.unnamed) ? [file.current] : [];
  return {
    id: `file:${path}`,
    path,
    icon: 'file',
    label: message(input.name(path)),
    ...(folder === '' ? {} : { description: message(folder) }),
    tooltip: [message(path), counts, ...saveSentence(file, input.level(path))],
    spoken: message(texts.fileLabel, input.name(path), counts),
    words: ['file'],
    children: [
      ...violationNode(path, input),
      ...current.map((generation) => generationNode(file, generation, { is: 'current' }, 'current', input)),
      ...file.older.map((generation, index) => {
        // Two versions of one millisecond: the later in the list is the older one, and stays it.
        const twins = file.older.slice(index + 1).filter(({ since }) => since === generation.since).length;
        const key = `${String(generation.since)}+${String(twins)}`;
        return generationNode(file, generation, { is: 'older', since: generation.since }, key, input);
      }),
    ],
  };
}

function violationNode(path: string, { violation }: TreeInput): readonly TreeNode[] {
  const shown = violation?.(path);
  if (!shown) return [];
  const { sentence, healed } = shown;
  return [
    {
      id: `violation:${path}`,
      path,
      icon: 'violated',
      label: message(healed ? texts.healedItem : texts.violatedItem),
      tooltip: [sentence],
      spoken: sentence,
      words: ['violated'],
      children: [],
    },
  ];
}

function generationNode(
  file: FileInUse,
  generation: Generation,
  version: Version,
  key: string,
  input: TreeInput,
): TreeNode {
  const id = `generation:${file.path}:${key}`;
  const label = generationLabel(version, input.at);
  const unnamed = version.is === 'current' && file.unnamed ? [unnamedNode(file.path)] : [];
  return {
    id,
    path: file.path,
    icon: version.is,
    label,
    tooltip: [label],
    spoken: label,
    words: [],
    children: [
      ...generation.holders.map((holder) => holderNode(file.path, id, holder, generation, version, input)),
      ...unnamed,
    ],
  };
}

function generationLabel(version: Version, at: Moment): Message {
  return version.is === 'current' ? message(texts.currentVersion) : message(texts.versionItem, at(version.since));
}

function holderNode(
  path: string,
  parent: string,
  holder: HolderInUse,
  generation: Generation,
  version: Version,
  input: TreeInput,
): TreeNode {
  const { pid, started } = holder.process;
  const since = input.at(holder.since);
  const stale = version.is === 'older' && holder.harm !== 'loaded';
  const spoken = stale ? texts.holderItemLabelStale : texts.holderItemLabel;
  return {
    id: `holder:${parent}:${String(pid)}:${String(started)}`,
    path,
    icon: stale ? 'stale' : holder.harm,
    label: message(programName(holder)),
    description: message(texts.holderItem, pid, shortUse(holder), since),
    tooltip: [holderSentences(holder, version, input.at)],
    spoken: message(spoken, programName(holder), pid, shortUse(holder), since),
    words: [
      'holder',
      ...(shellOf(holder, input.shells) === undefined ? [] : ['terminal' as const]),
      ...(input.uid !== undefined && holder.uid === input.uid ? ['own' as const] : []),
      ...(version.is === 'older' ? input.actions(path, holder, generation) : []),
    ],
    holder,
    children: [],
  };
}

function unnamedNode(path: string): TreeNode {
  return {
    id: `unnamed:${path}`,
    path,
    icon: 'unnamed',
    label: message(texts.unnamedItem),
    description: message(texts.unnamedItemMore),
    tooltip: [message(texts.unnamedItemTooltip)],
    spoken: message(texts.unnamedItemLabel),
    words: [],
    children: [],
  };
}

/** The ids of the fewest items that are to be drawn again, each with all below it. `all`: items of the first rank came or went. */
export function changedItems(before: readonly TreeNode[], after: readonly TreeNode[]): 'all' | readonly string[] {
  if (!sameItems(before, after)) return 'all';
  return after.flatMap((node, index) => changedBelow(before[index], node));
}

function changedBelow(before: TreeNode | undefined, after: TreeNode): readonly string[] {
  if (!before || !sameItems(before.children, after.children) || !sameLooks(before, after)) return [after.id];
  return after.children.flatMap((child, index) => changedBelow(before.children[index], child));
}

function sameItems(before: readonly TreeNode[], after: readonly TreeNode[]): boolean {
  return before.length === after.length && after.every(({ id }, index) => before[index]?.id === id);
}

function sameLooks(before: TreeNode, after: TreeNode): boolean {
  const looks = ({ path, icon, label, description, tooltip, spoken, words }: TreeNode): string =>
    JSON.stringify([path, icon, label, description, tooltip, spoken, words]);
  return looks(before) === looks(after);
}
