import * as vscode from 'vscode';

import type { FileInUse } from '../core/holders/inUse';
import { momentsApart } from '../core/shown/momentsApart';

/** Making one takes longer than all that is written with it. */
const formats = new Map<string, Intl.DateTimeFormat>();

const time = { hour: 'numeric', minute: '2-digit' } as const;
const date = { day: 'numeric', month: 'short', ...time } as const;
const dateWithYear = { ...date, year: 'numeric' } as const;
const ways = { time, date, dateWithYear } as const;

/** A time of today as the hour and the minute, any other with its date and, if it is another, the year, in the user's language. */
export function writtenMoment(milliseconds: number): string {
  return written(milliseconds, false);
}

/** Moments as `writtenMoment` has them, by which the versions of each of these files can be told apart. */
export function momentsOf(files: readonly FileInUse[]): (milliseconds: number) => string {
  return momentsApart(files, writtenMoment, (milliseconds) => written(milliseconds, true));
}

function written(milliseconds: number, toTheSecond: boolean): string {
  const moment = new Date(milliseconds);
  const now = new Date();
  if (moment.toDateString() === now.toDateString()) return formatOf('time', toTheSecond).format(moment);
  const way = moment.getFullYear() === now.getFullYear() ? 'date' : 'dateWithYear';
  return formatOf(way, toTheSecond).format(moment);
}

function formatOf(way: keyof typeof ways, toTheSecond: boolean): Intl.DateTimeFormat {
  // The time zone can be another one after a while, as on a journey.
  const key = `${way} ${String(toTheSecond)} ${vscode.env.language} ${String(new Date().getTimezoneOffset())}`;
  const options = toTheSecond ? ({ ...ways[way], second: '2-digit' } as const) : ways[way];
  const known = formats.get(key) ?? new Intl.DateTimeFormat(vscode.env.language, options);
  formats.set(key, known);
  return known;
}
