/** Saves that were not gated, as Holdfast's logs tell: what they overwrite can be lost, as in the stock editor, and that is shown. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Unguarded {
  readonly path: string;
  readonly why: string;
  /** When it ended, in milliseconds since the epoch. */
  readonly at: number;
}

const line = /^(\S+ \S+) \[\w+\] save ("(?:[^"\\]|\\.)*"): level=(\w+) reason=(\w+)/;

/** @param logs VS Code's folder of logs */
export function unguardedIn(logs: string): readonly Unguarded[] {
  const found: Unguarded[] = [];
  for (const name of readdirSync(logs, { recursive: true, encoding: 'utf8' })) {
    if (!/(^|\/)Holdfast(\.\d+)?\.log$/.test(name)) continue;
    for (const text of readFileSync(join(logs, name), 'utf8').split('\n')) {
      const [, time = '', path = '', level = '', reason = ''] = line.exec(text) ?? [];
      if (path === '' || level === 'gated') continue;
      found.push({ path: JSON.parse(path) as string, why: `${level} ${reason}`, at: new Date(time).getTime() });
    }
  }
  return found;
}
