/**
 * Glob patterns as VS Code writes them: `*` and `?` within a part of a path, `**` for any number of parts, `{a,b}`, `[a-z]`, `[!a-z]`. VS Code
 * makes regular expressions of them, which a pattern of a hostile workspace can keep busy for hours; here a match takes at most as many steps as
 * pattern and path are long, multiplied, for each alternative. Only its text is kept: what `{…}` makes of it is 64 times as long at most, and there
 * may be many patterns.
 */

/** One way to read a pattern: its parts between slashes. */
type Alternative = readonly (readonly Token[] | 'any')[];

type Token =
  | { readonly is: 'this'; readonly character: string }
  | { readonly is: 'one' }
  | { readonly is: 'some' }
  | { readonly is: 'of'; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

export interface Glob {
  readonly text: string;
}

/** Characters that patterns may have together, all alternatives written out. */
export interface Room {
  /** Below 0: it was not enough. */
  left: number;
}

/** Characters of a pattern. */
const longest = 1_000;
/** What `{…}` may make of one pattern. */
const alternativesAtMost = 64;

/**
 * `undefined`: it is none, makes too many alternatives, or needs more room than is left.
 *
 * @param room is less by what the pattern took, also if it is none
 */
export function parseGlob(text: string, room: Room = { left: Infinity }): Glob | undefined {
  if (text === '' || text.length > longest || text.includes('\0')) return undefined;
  const expanded = expand(text, room);
  return expanded?.every((one) => parseAlternative(one) !== undefined) ? { text } : undefined;
}

/** A pattern that means this path and no other: what means something in a pattern means itself in brackets. */
export function literally(path: string): string {
  return path.replace(/[*?[\]{}]/g, '[$&]');
}

/** @param paths with slashes: whether it matches one of them */
export function matchesGlob({ text }: Glob, ...paths: readonly string[]): boolean {
  const split = paths.map((path) => path.split('/'));
  return (expand(text) ?? []).some((one) => {
    const alternative = parseAlternative(one);
    return alternative !== undefined && split.some((parts) => matchesAlternative(alternative, parts));
  });
}

function matchesAlternative(alternative: Alternative, parts: readonly string[]): boolean {
  return matches<readonly Token[] | 'any', string>(
    alternative,
    parts,
    (part) => part === 'any',
    (part, name) => part !== 'any' && matchesPart(part, name),
  );
}

function matchesPart(tokens: readonly Token[], name: string): boolean {
  return matches(
    tokens,
    Array.from(name),
    ({ is }) => is === 'some',
    (token, character) => {
      switch (token.is) {
        case 'this':
          return token.character === character;
        case 'one':
          return true;
        case 'of':
          return token.ranges.some(([from, to]) => from <= character && character <= to) !== token.negated;
        case 'some':
          return false;
      }
    },
  );
}

/**
 * Goes back to the last wildcard only: what an earlier one has taken need never be taken otherwise, for the last one can take as much.
 *
 * @param isWild stands for any number of items
 */
function matches<P, T>(
  pattern: readonly P[],
  items: readonly T[],
  isWild: (part: P) => boolean,
  fits: (part: P, item: T) => boolean,
): boolean {
  let at = 0;
  let next = 0;
  let wild: { readonly at: number; taken: number } | undefined;
  while (next < items.length) {
    const part = pattern[at];
    const item = items[next] as T;
    if (part !== undefined && isWild(part)) {
      wild = { at, taken: next };
      at++;
    } else if (part !== undefined && fits(part, item)) {
      at++;
      next++;
    } else if (wild) {
      wild.taken++;
      next = wild.taken;
      at = wild.at + 1;
    } else return false;
  }
  return pattern.slice(at).every(isWild);
}

/** Every `{a,b}` in turn, the outermost first. `undefined`: braces that do not pair, too many alternatives, or too little room. */
function expand(text: string, room: Room = { left: Infinity }): readonly string[] | undefined {
  const done: string[] = [];
  const open = [text];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const braces = bracesIn(one);
    if (braces === 'unpaired') return undefined;
    if (braces === undefined) {
      room.left -= one.length;
      if (room.left < 0) return undefined;
      done.push(one);
    } else for (const choice of [...braces.choices].reverse()) open.push(braces.before + choice + braces.after);
    if (done.length + open.length > alternativesAtMost) return undefined;
  }
  return done;
}

interface Braces {
  readonly before: string;
  readonly choices: readonly string[];
  readonly after: string;
}

/** The first pair. What stands in brackets is no brace. */
function bracesIn(text: string): Braces | 'unpaired' | undefined {
  let depth = 0;
  let begin = 0;
  const commas: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '[') {
      const end = endOfSet(text, at);
      if (end < 0) return 'unpaired';
      at = end;
    } else if (character === '{') {
      if (depth === 0) begin = at;
      depth++;
    } else if (character === ',' && depth === 1) commas.push(at);
    else if (character === '}') {
      depth--;
      if (depth < 0) return 'unpaired';
      if (depth > 0) continue;
      const ends = [...commas, at];
      const choices = ends.map((end, index) => text.slice((index === 0 ? begin : (ends[index - 1] ?? 0)) + 1, end));
      return { before: text.slice(0, begin), choices, after: text.slice(at + 1) };
    }
  }
  return depth === 0 ? undefined : 'unpaired';
}

/** Where the `]` is that belongs to this `[`: one that comes first belongs to the set. -1: nowhere in this part of the path. */
function endOfSet(text: string, begin: number): number {
  const first = begin + (/^[!^]/.test(text.charAt(begin + 1)) ? 2 : 1);
  const end = text.indexOf(']', first + 1);
  const slash = text.indexOf('/', first);
  return end < 0 || (slash >= 0 && slash < end) ? -1 : end;
}

function parseAlternative(text: string): Alternative | undefined {
  const parts: (readonly Token[] | 'any')[] = [];
  for (const part of text.split('/')) {
    const parsed = part === '**' ? ('any' as const) : parsePart(part);
    if (!parsed) return undefined;
    parts.push(parsed);
  }
  return parts;
}

function parsePart(part: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < part.length;) {
    const character = String.fromCodePoint(part.codePointAt(at) ?? 0);
    if (character === '[') {
      const end = endOfSet(part, at);
      const set = end < 0 ? undefined : parseSet(part.slice(at + 1, end));
      if (!set) return undefined;
      tokens.push(set);
      at = end + 1;
      continue;
    }
    if (character === '*') tokens.push({ is: 'some' });
    else if (character === '?') tokens.push({ is: 'one' });
    else tokens.push({ is: 'this', character });
    at += character.length;
  }
  return tokens;
}

function parseSet(text: string): Token | undefined {
  const negated = /^[!^]/.test(text);
  const characters = Array.from(negated ? text.slice(1) : text);
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < characters.length; at++) {
    const from = characters[at] ?? '';
    const to = characters[at + 1] === '-' ? characters[at + 2] : undefined;
    ranges.push([from, to ?? from]);
    if (to !== undefined) at += 2;
  }
  return ranges.length === 0 || ranges.some(([from, to]) => from > to) ? undefined : { is: 'of', negated, ranges };
}
