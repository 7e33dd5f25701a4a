const NEWLINE = 0x0a;

/**
 * The line that a program has read up to: the last one of which it has at least a byte, counted from 1. A line's newline is part of it, so
 * whoever has read just that has not begun the next. 0 if it has read nothing; the last line if it is said to have read beyond the end.
 *
 * @param offset how many bytes it has read
 */
export function lineReadUpTo(bytes: Uint8Array, offset: number): number {
  const end = Math.max(0, Math.min(bytes.length, Math.floor(offset) || 0));
  let line = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0 && at < end; at = bytes.indexOf(NEWLINE, at + 1)) {
    line++;
  }
  return end > 0 && bytes[end - 1] !== NEWLINE ? line + 1 : line;
}
