import { appendFileSync } from 'node:fs';

/** What an exploration, or a number of runs, came to: `npm run prove -- sim` collects it. */
export interface Tally {
  readonly name: string;
  readonly states?: number;
  readonly transitions?: number;
  /** Of which each is another one. */
  readonly orders?: number;
  /** Of which each is drawn. */
  readonly runs?: number;
  readonly seed?: number;
  readonly seconds: number;
}

/** @param began as `performance.now()` says it */
export function tell(began: number, counts: Omit<Tally, 'seconds'>): void {
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const { name, ...numbers } = counts;
  const said = Object.entries(numbers).map(([what, number]) => `${what} ${String(number)}`);
  console.log(`      ${[`${name}: ${said.join(', ')}`, `${seconds.toFixed(1)} s`].join(', ')}`);
  const path = process.env['HOLDFAST_TALLY'];
  if (path !== undefined) appendFileSync(path, `${JSON.stringify({ ...counts, seconds } satisfies Tally)}\n`);
}
