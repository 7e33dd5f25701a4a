/**
 * Saves that were not gated, or in which another program wrote together with VS Code, as Holdfast's logs tell: what they overwrite can
 * be lost, as in the stock editor, and that is shown.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Unguarded {
  readonly path: string;
  readonly why: string;
  /** When that was told, in milliseconds since the epoch: before VS Code writes, or after it. */
  readonly at: number;
  /** Until when VS Code may have written, where that is known. */
  readonly until?: number;
}

const line = /^(\S+ \S+) \[\w+\] save ("(?:[^"\\]|\\.)*"): level=(\w+) reason=(\w+)/;

/** @param logs VS Code's folder of logs */
export function unguardedIn(logs: string): readonly Unguarded[] {
  return linesIn(logs).flatMap((text) => {
    const [, time = '', path = '', level = '', reason = ''] = line.exec(text) ?? [];
    if (path === '' || (level === 'gated' && reason !== 'writersCaught')) return [];
    return [{ path: JSON.parse(path) as string, why: `${level} ${reason}`, at: new Date(time).getTime() }];
  });
}

/** What Holdfast's logs say of a file between two moments, in milliseconds since the epoch. */
export function loggedOf(logs: string, path: string, from: number, until: number): readonly string[] {
  const quoted = JSON.stringify(path);
  return linesIn(logs)
    .filter((text) => {
      const at = new Date(/^\S+ \S+/.exec(text)?.[0] ?? '').getTime();
      return text.includes(quoted) && at >= from && at <= until;
    })
    .sort();
}

function linesIn(logs: string): readonly string[] {
  return readdirSync(logs, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(^|\/)Holdfast(\.\d+)?\.log$/.test(name))
    .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'));
}
