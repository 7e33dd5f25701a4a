import * as vscode from 'vscode';

/** A time of today as the hour and the minute, any other with its date, in the user's language. */
export function writtenMoment(milliseconds: number): string {
  const moment = new Date(milliseconds);
  const ofToday = moment.toDateString() === new Date().toDateString();
  const time = { hour: 'numeric', minute: '2-digit' } as const;
  return ofToday
    ? moment.toLocaleTimeString(vscode.env.language, time)
    : moment.toLocaleString(vscode.env.language, { day: 'numeric', month: 'short', ...time });
}
