/** Where a line of a text is after edits. Lines and characters are counted from 0. */

export interface TextPosition {
  readonly line: number;
  readonly character: number;
}

/** One replacement of a range. */
export interface LineEdit {
  readonly start: TextPosition;
  readonly end: TextPosition;
  /** How many line ends the new text has. */
  readonly lines: number;
}

/** Whether an edit can move or swallow a line. Most of what is typed cannot. */
export function concernsLines({ start, end, lines }: LineEdit): boolean {
  return lines > 0 || end.line > start.line;
}

/** How many line ends a text has: CR LF, LF or CR. */
export function lineEnds(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

/**
 * @param edits one after the other, each in the text that the ones before it have made
 * @returns `undefined`: an edit has swallowed its beginning, and the line is nowhere or nobody can say where
 */
export function lineAfter(line: number, edits: readonly LineEdit[]): number | undefined {
  let at: number | undefined = line;
  for (const edit of edits) {
    at = afterOne(at, edit);
    if (at === undefined) return undefined;
  }
  return at;
}

function afterOne(line: number, { start, end, lines }: LineEdit): number | undefined {
  const endsBefore = end.line < line || (end.line === line && end.character === 0);
  if (endsBefore) return line + lines - (end.line - start.line);
  const beginsBehind = start.line > line || (start.line === line && (start.character > 0 || end.line === line));
  return beginsBehind ? line : undefined;
}
