import type { Change } from './violation';

const newline = 0x0a;

/** How `after` differs from `before`; `undefined`: it does not. Takes time in proportion to their lengths. */
export function changeOf(before: Uint8Array, after: Uint8Array): Change | undefined {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  if (head === before.length && head === after.length) return undefined;
  const kind = head === before.length ? 'appended' : 'rewritten';
  // From here on whole lines only.
  while (head > 0 && before[head - 1] !== newline) head--;
  let tail = 0;
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const isLine = (bytes: Uint8Array): boolean =>
    bytes.length - tail === head || bytes[bytes.length - tail - 1] === newline;
  while (tail > 0 && !(isLine(before) && isLine(after))) tail--;
  return { kind, lines: Math.max(linesIn(before, head, tail), linesIn(after, head, tail)) };
}

/** Between what is equal at the beginning and at the end. */
function linesIn(bytes: Uint8Array, head: number, tail: number): number {
  const end = bytes.length - tail;
  let lines = 0;
  for (let at = head; at < end; at++) if (bytes[at] === newline) lines++;
  return end > head && bytes[end - 1] !== newline ? lines + 1 : lines;
}
