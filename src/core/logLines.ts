import type { KeeperEvent } from './guard';
import { isShortfall, type Report } from './level';
import type { SettingProblem } from './settings';

/** One line of the log. English, for whoever gets it in a bug report; never file contents, never command lines. */
export interface LogLine {
  readonly severity: 'info' | 'warn' | 'error';
  readonly text: string;
}

export function savedLine(path: string, report: Report, milliseconds: number): LogLine {
  const facts = [
    `level=${report.level}`,
    `reason=${report.reason}`,
    `time=${milliseconds.toFixed(1)}ms`,
    ...(report.lost ? [`lost=${report.lost.what}:${report.lost.name}`] : []),
    ...(report.synced === false ? ['synced=no'] : []),
    ...(report.error
      ? [
          `operation=${report.error.operation}`,
          `errno=${report.error.errno}`,
          `at=${JSON.stringify(report.error.path)}`,
          ...(report.error.errno === 'UNKNOWN' ? [`detail=${JSON.stringify(report.error.detail)}`] : []),
        ]
      : []),
  ];
  return {
    severity: isShortfall(report.reason) ? 'warn' : 'info',
    text: `save ${JSON.stringify(path)}: ${facts.join(' ')}`,
  };
}

export function activatedLine(milliseconds: number): LogLine {
  return { severity: 'info', text: `activated: time=${milliseconds.toFixed(1)}ms` };
}

export function keeperLine(event: KeeperEvent): LogLine {
  switch (event.kind) {
    case 'ready':
      return event.platform.supported
        ? { severity: 'info', text: 'keeper: ready' }
        : {
            severity: 'warn',
            text: `keeper: no private copies here (${event.platform.why}: ${event.platform.detail})`,
          };
    case 'died': {
      const { operation, path, errno, detail } = event.error;
      const next = event.startedAgain ? 'started again' : 'not started again';
      return {
        severity: 'error',
        text: `keeper: died, ${next}: operation=${operation} errno=${errno} at=${JSON.stringify(path)} detail=${JSON.stringify(detail)}`,
      };
    }
    case 'stoppedLate':
      return { severity: 'warn', text: `keeper: did not stop within ${String(event.afterMs)}ms, terminated` };
  }
}

export function settingLine({ setting, expected, found }: SettingProblem): LogLine {
  return { severity: 'warn', text: `setting ${setting}: expected ${expected}, found ${found}; the default is used` };
}
