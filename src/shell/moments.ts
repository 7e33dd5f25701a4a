import * as vscode from 'vscode';

/** A time of today as the hour and the minute, any other with its date and, if it is another, the year, in the user's language. */
export function writtenMoment(milliseconds: number): string {
  const moment = new Date(milliseconds);
  const now = new Date();
  const ofToday = moment.toDateString() === now.toDateString();
  const year = moment.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  const time = { hour: 'numeric', minute: '2-digit' } as const;
  return ofToday
    ? moment.toLocaleTimeString(vscode.env.language, time)
    : moment.toLocaleString(vscode.env.language, { day: 'numeric', month: 'short', ...year, ...time });
}
