/** What crosses between the picture's page and the extension host, with a total decoder for each side. */
import { fieldsIn } from '../json';
import { pictureLimits } from './pictureLimits';
import type { Picture, PictureFile, PictureProgram, PictureVersion } from './picture';

/** The words of the page itself. */
export const pageWords = [
  'title',
  'list',
  'now',
  'legend',
  'current',
  'older',
  'past',
  'behind',
  'keys',
  'empty',
  'watch',
] as const;

export type PageTexts = Readonly<Record<(typeof pageWords)[number], string>>;

/** What the page is told. */
export interface ToPanel {
  readonly kind: 'picture';
  /** Of the ages at the axis: BCP 47. */
  readonly language: string;
  readonly texts: PageTexts;
  readonly picture: Picture<string>;
  /** What has changed, to be read out. */
  readonly news?: string;
}

/** What the page tells. */
export type FromPanel =
  /** It waits for its picture. */
  | { readonly kind: 'ready' }
  /** It wants it again: times in it may be wrong by now. */
  | { readonly kind: 'again' }
  /** The user wants to do something with this item. */
  | { readonly kind: 'act'; readonly id: string }
  | { readonly kind: 'showList' }
  | { readonly kind: 'watchMore' }
  /** A message that it could not read. */
  | { readonly kind: 'unread' };

export function readFromPanel(raw: unknown): FromPanel | undefined {
  const { kind, id } = fieldsIn(raw);
  switch (kind) {
    case 'ready':
    case 'again':
    case 'showList':
    case 'watchMore':
    case 'unread':
      return { kind };
    case 'act':
      return isText(id, pictureLimits.id) ? { kind, id } : undefined;
    default:
      return undefined;
  }
}

export function readToPanel(raw: unknown): ToPanel | undefined {
  const { kind, language, texts, picture, news } = fieldsIn(raw);
  const words = readTexts(texts);
  const drawn = readPicture(picture);
  if (kind !== 'picture' || !isText(language) || !words || !drawn) return undefined;
  if (news !== undefined && !isText(news)) return undefined;
  return { kind, language, texts: words, picture: drawn, ...(news === undefined ? {} : { news }) };
}

function readTexts(raw: unknown): PageTexts | undefined {
  const fields = fieldsIn(raw);
  const read: [string, string][] = [];
  for (const word of pageWords) {
    const text = fields[word];
    if (!isText(text)) return undefined;
    read.push([word, text]);
  }
  return Object.fromEntries(read) as PageTexts;
}

function readPicture(raw: unknown): Picture<string> | undefined {
  const { now, summary, files: rawFiles, more } = fieldsIn(raw);
  const files = readList(rawFiles, pictureLimits.files, readFile);
  if (!isMoment(now) || !isText(summary) || !files || !isOptional(more)) return undefined;
  return { now, summary, files, ...(more === undefined ? {} : { more }) };
}

function readFile(raw: unknown): PictureFile<string> | undefined {
  const fields = fieldsIn(raw);
  const { id, name, fullName, folder, pastLabel, more } = fields;
  const past = readList(fields['past'], pictureLimits.seen, readSpan);
  const versions = readList(fields['versions'], pictureLimits.versions, readVersion);
  if (!isId(id) || !isText(name) || !isText(folder) || !past || !versions) return undefined;
  if (!isOptional(fullName) || !isOptional(pastLabel) || !isOptional(more)) return undefined;
  const violation = fields['violation'] === undefined ? undefined : readViolation(fields['violation']);
  if (fields['violation'] !== undefined && !violation) return undefined;
  return {
    id,
    name,
    ...(fullName === undefined ? {} : { fullName }),
    folder,
    ...(violation ? { violation } : {}),
    past,
    ...(pastLabel === undefined ? {} : { pastLabel }),
    versions,
    ...(more === undefined ? {} : { more }),
  };
}

function readViolation(raw: unknown): PictureFile<string>['violation'] {
  const { id, label, spoken } = fieldsIn(raw);
  return isId(id) && isText(label) && isText(spoken) ? { id, label, spoken } : undefined;
}

function readSpan(raw: unknown): { readonly from: number; readonly until: number } | undefined {
  const { from, until } = fieldsIn(raw);
  return isMoment(from) && isMoment(until) ? { from, until } : undefined;
}

function readVersion(raw: unknown): PictureVersion<string> | undefined {
  const fields = fieldsIn(raw);
  const { id, is, label, detail, from, until, behind } = fields;
  const programs = readList(fields['programs'], pictureLimits.programs, readProgram);
  const notes = readList(fields['notes'], mostNotes, (note) => (isText(note) ? note : undefined));
  if (!isId(id) || (is !== 'current' && is !== 'older') || !isText(label) || !isText(detail)) return undefined;
  if (!isMoment(from) || (until !== undefined && !isMoment(until)) || typeof behind !== 'boolean') return undefined;
  if (!programs || !notes) return undefined;
  return { id, is, label, detail, from, ...(until === undefined ? {} : { until }), behind, programs, notes };
}

/** That there are more programs, and that one cannot be named. */
const mostNotes = 2;

function readProgram(raw: unknown): PictureProgram<string> | undefined {
  const { id, name, detail, use, tooltip, from, behind } = fieldsIn(raw);
  if (!isId(id) || !isText(name) || !isText(detail) || !isText(use)) return undefined;
  if (!isText(tooltip) || !isMoment(from) || typeof behind !== 'boolean') return undefined;
  return { id, name, detail, use, tooltip, from, behind };
}

/** `undefined`: it is no list, too long, or something in it is wrong. */
function readList<T>(raw: unknown, atMost: number, read: (one: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(raw) || raw.length > atMost) return undefined;
  const all: T[] = [];
  for (const one of raw as readonly unknown[]) {
    const value = read(one);
    if (value === undefined) return undefined;
    all.push(value);
  }
  return all;
}

function isText(raw: unknown, atMost: number = pictureLimits.text): raw is string {
  return typeof raw === 'string' && raw.length <= atMost;
}

function isOptional(raw: unknown): raw is string | undefined {
  return raw === undefined || isText(raw);
}

function isId(raw: unknown): raw is string {
  return isText(raw, pictureLimits.id);
}

/** Milliseconds since the epoch. */
function isMoment(raw: unknown): raw is number {
  return typeof raw === 'number' && Number.isFinite(raw);
}
