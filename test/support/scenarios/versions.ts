/** Texts that tell by themselves whether they are one whole version, and which. */
import type { RepeatedText } from './actions';

const lineLength = 64;

/** Of such a line's end, too. Its rest says the same again and again, so that every part of it tells its version. */
function filled(line: string, filling: string, length = lineLength): string {
  if (line.length >= length) throw new Error(`longer than a line: ${line}`);
  return `${line.padEnd(length - 1, filling)}\n`;
}

/** Of about so many bytes, and not of the same size as its neighbours. For `torn-reader`. */
export function plainVersion(version: number, bytes: number): RepeatedText {
  // The editor's work grows with the lines rather than with the bytes.
  const length = bytes >= 1_000_000 ? 1_000 : lineLength;
  const lines = Math.max(2, Math.floor(bytes / length) - (version % 4));
  const about = `${String(version).padStart(8, '0')} ${String(lines * length).padStart(10, '0')} `;
  const line = filled(about, about, length - 2);
  return { first: '', line: `l ${line}`, count: lines - 1, last: `e ${line}` };
}

/**
 * A bash script that says its version at its beginning and its end, and asks in between whether it still is that
 * version. For `script-starter`. bash reads it in blocks of 8 KB, and works a little after each.
 */
export function scriptVersion(version: number, bytes: number): RepeatedText {
  const digits = String(version).padStart(8, '0');
  return {
    first: filled(`version=${digits}; echo first ${digits} #`, digits),
    line: filled(`for i in 1 2 3 4; do [ $version = ${digits} ] || exit 3; done #`, digits),
    count: Math.floor(bytes / lineLength) - 2 - (version % 4),
    last: filled(`echo last ${digits} #`, digits),
  };
}

export function wholeText({ first, line, count, last }: RepeatedText): string {
  return first + line.repeat(count) + last;
}
