/** What the benchmark found, as lines for people and as a value for the file of results. */
import { answerBound, longerThan, verdict } from './bounds';
import type { SaveTimes } from './saves';
import { median, percentile, ratioOfMedians, type Ratio } from './statistics';

export interface Figures {
  readonly median: number;
  readonly p95: number;
}

/** One case of saves with everything that is said of it. */
export interface SaveRow extends SaveTimes {
  readonly figures: { readonly off: Figures; readonly on: Figures };
  readonly ratio: Ratio;
  readonly p95Ratio: number;
  readonly verdict: 'PASS' | 'over';
}

export function saveRow(times: SaveTimes, random: () => number): SaveRow {
  const figures = { off: figuresOf(times.off), on: figuresOf(times.on) };
  const ratio = ratioOfMedians(times.on, times.off, random);
  return {
    ...times,
    figures,
    ratio,
    p95Ratio: figures.on.p95 / figures.off.p95,
    verdict: verdict(ratio.ratio, times.bound),
  };
}

function figuresOf(times: readonly number[]): Figures {
  return { median: median(times), p95: percentile(times, 0.95) };
}

export const saveHeading = [
  'on        size    who is on it  n   off: median, 95 %    on: median, 95 %     ratio (95 % conf.)  bound',
  '95 %: ratio  answer: median, 99 %',
].join('        ');

export function saveLine({ figures, ratio, p95Ratio, answers, levels, ...row }: SaveRow): string {
  const cell = ({ median: half, p95 }: Figures): string => `${half.toFixed(1)} ms, ${p95.toFixed(1)} ms`.padEnd(21);
  const answered = `${median(answers).toFixed(1)} ms, ${percentile(answers, 0.99).toFixed(1)} ms`;
  const others = Object.entries(levels).filter(([level]) => !level.startsWith('gated '));
  return [
    row.fileSystem.padEnd(10),
    row.size.padEnd(8),
    row.user.padEnd(14),
    String(row.on.length).padEnd(4),
    cell(figures.off),
    cell(figures.on),
    `${ratio.ratio.toFixed(2)} (${ratio.from.toFixed(2)} to ${ratio.to.toFixed(2)})`.padEnd(20),
    `${row.bound.toFixed(2)} ${row.verdict}`.padEnd(13),
    p95Ratio.toFixed(2).padEnd(13),
    answered,
    ...others.map(([level, count]) => `  ${String(count)} ${level}`),
  ].join('');
}

export interface Answers {
  readonly n: number;
  readonly median: number;
  readonly p99: number;
  readonly bound: number;
  readonly verdict: 'PASS' | 'over';
}

/** How long VS Code waited for us, over all files that are not too long for the bound. */
export function answersOf(rows: readonly SaveTimes[]): Answers {
  const times = rows.filter(({ bytes }) => bytes <= longerThan).flatMap(({ answers }) => answers);
  const p99 = percentile(times, 0.99);
  return { n: times.length, median: median(times), p99, bound: answerBound, verdict: verdict(p99, answerBound) };
}

/** For `JSON.stringify`: no digits that nobody measured. */
export function rounded(_name: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
}
