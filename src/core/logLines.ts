import { isQuiet } from './kept';
import type { ErrorFacts } from './errors';
import type { Counts } from './gate/operations';
import type { KeeperEvent } from './guard';
import type { LookoutEvent } from './holders/service';
import type { Joined } from './join';
import { isShortfall, type GivenUp, type Report } from './level';
import type { RuleOutcome } from './reopen/ruleSentences';
import type { SettingProblem } from './settings';
import type { SentryEvent } from './violations/service';
import type { Healed } from './violations/violation';

/** One line of the log. English, for whoever gets it in a bug report; never file contents, never command lines. */
export interface LogLine {
  readonly severity: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
}

/** How long the editor waited for us before it could go on. */
export function answeredLine(path: string, milliseconds: number): LogLine {
  return { severity: 'debug', text: `answer ${JSON.stringify(path)}: time=${milliseconds.toFixed(1)}ms` };
}

/** A pattern of `holdfast.watch` could not be searched for. */
export function patternLine(folder: string, pattern: string, error: ErrorFacts): LogLine {
  const facts = `operation=${error.operation} errno=${error.errno} detail=${JSON.stringify(error.detail)}`;
  return {
    severity: 'warn',
    text: `pattern ${JSON.stringify(pattern)} of holdfast.watch in ${JSON.stringify(folder)}: ${facts}`,
  };
}

/** A message between the picture's page and the extension host that was none: nothing was done by it. By whom it was to be read. */
export function panelLine(reader: 'host' | 'page'): LogLine {
  return { severity: 'warn', text: `picture: a message to the ${reader} could not be read` };
}

/** What a save would be, when that is seen. */
export function foreseenLine(path: string, report: Report): LogLine {
  const facts = [`level=${report.level}`, `reason=${report.reason}`, ...detailFacts(report)];
  return {
    severity: report.givesUp ? 'info' : 'debug',
    text: `foreseen ${JSON.stringify(path)}: ${facts.join(' ')}`,
  };
}

export function savedLine(path: string, report: Report, milliseconds: number): LogLine {
  const facts = [
    `level=${report.level}`,
    `reason=${report.reason}`,
    `time=${milliseconds.toFixed(1)}ms`,
    ...detailFacts(report),
  ];
  return {
    severity: isShortfall(report.reason) || report.held ? 'warn' : 'info',
    text: `save ${JSON.stringify(path)}: ${facts.join(' ')}`,
  };
}

function detailFacts(report: Report): readonly string[] {
  return [
    ...(report.held ? ['held=yes'] : []),
    ...(report.pattern === undefined ? [] : [`pattern=${JSON.stringify(report.pattern)}`]),
    ...(report.lost ? [`lost=${report.lost.what}:${report.lost.name}`] : []),
    ...(report.givesUp ? [`without=${report.givesUp.map(givenUpFact).join(',')}`] : []),
    ...(report.gate === undefined ? [] : [`gate=${report.gate}`]),
    ...(report.room ? [`needed=${String(report.room.needed)}`, `free=${String(report.room.free)}`] : []),
    ...(report.unstoppable === undefined ? [] : [`unstoppable=${report.unstoppable}`]),
    ...(report.synced === false ? ['synced=no'] : []),
    ...(report.directorySynced === undefined ? [] : [`directory=${report.directorySynced ? 'synced' : 'unsynced'}`]),
    ...(report.counts ? countFacts(report.counts) : []),
    ...(report.error
      ? [
          `operation=${report.error.operation}`,
          `errno=${report.error.errno}`,
          `at=${JSON.stringify(report.error.path)}`,
          ...(report.error.errno === 'UNKNOWN' ? [`detail=${JSON.stringify(report.error.detail)}`] : []),
        ]
      : []),
  ];
}

function givenUpFact(givenUp: GivenUp): string {
  switch (givenUp.what) {
    case 'attribute':
      return `${givenUp.lost.what}:${givenUp.lost.name}`;
    case 'mounts':
      return givenUp.at.map((at) => `mount:${JSON.stringify(at)}`).join(',');
    default:
      return givenUp.what;
  }
}

function countFacts({ publishes, retired, residual, raced, kept }: Counts): readonly string[] {
  return [
    `publishes=${String(publishes)}`,
    ...(retired > 0 ? [`retired=${String(retired)}`] : []),
    ...(residual > 0 ? [`residual=${String(residual)}`] : []),
    ...(raced > 0 ? [`raced=${String(raced)}`] : []),
    ...(kept > 0 ? [`kept=${String(kept)}`] : []),
  ];
}

export function activatedLine(milliseconds: number): LogLine {
  return { severity: 'info', text: `activated: time=${milliseconds.toFixed(1)}ms` };
}

export function lookoutLine(event: LookoutEvent): LogLine {
  switch (event.kind) {
    case 'lookoutReady':
      return { severity: 'info', text: 'lookout: ready' };
    case 'lookoutDied': {
      const next = event.startedAgain ? 'started again' : 'not started again';
      return { severity: 'error', text: `lookout: died, ${next}: ${errorFacts(event.error)}` };
    }
    case 'lookoutProblem':
      return { severity: 'warn', text: `lookout: cannot see who uses files: ${errorFacts(event.error)}` };
  }
}

export function sentryLine(event: SentryEvent): LogLine {
  switch (event.kind) {
    case 'sentryReady':
      return { severity: 'info', text: 'sentry: ready' };
    case 'sentryDied': {
      const next = event.startedAgain ? 'started again' : 'not started again';
      return { severity: 'error', text: `sentry: died, ${next}: ${errorFacts(event.error)}` };
    }
    case 'sentryStuck':
      return { severity: 'error', text: 'sentry: does not answer: what it held was let go' };
    case 'violation': {
      const { path, writers, holders, change, caught, running, healed } = event.violation;
      const pids = (all: readonly (readonly [string, number])[]): string =>
        all.map(([program, pid]) => `${JSON.stringify(program)}:${String(pid)}`).join(',');
      const facts = [
        `by=${pids(writers.map(({ program, pid }) => [program, pid]))}`,
        `holders=${pids(holders.map(({ program, process }) => [program, process.pid]))}`,
        `change=${change.kind}`,
        ...(change.lines === undefined ? [] : [`lines=${String(change.lines)}`]),
        `caught=${caught}`,
        `copy=${running === undefined ? 'no' : 'yes'}`,
        ...healedFacts(healed),
      ];
      return { severity: 'warn', text: `changed in place ${JSON.stringify(path)}: ${facts.join(' ')}` };
    }
    case 'violationOver':
      return { severity: 'info', text: `as it was again ${JSON.stringify(event.path)}` };
    case 'notGuarded':
      return {
        severity: 'info',
        text: `not guarded against others ${JSON.stringify(event.path)}: ${errorFacts(event.error)}`,
      };
    case 'sentryProblem':
      return { severity: 'warn', text: `sentry: ${errorFacts(event.error)}` };
  }
}

function healedFacts(healed: Healed | undefined): readonly string[] {
  if (!healed) return [];
  return healed.is === 'healed'
    ? ['healed=yes', `window=${String(Math.round(healed.window * 1000))}us`]
    : ['healed=no', `why=${healed.why}`];
}

/** A unit of which it is not known whether it can be reloaded. */
export function systemctlLine(error: ErrorFacts): LogLine {
  return { severity: 'warn', text: `systemctl: ${errorFacts(error)}` };
}

export function keeperLine(event: KeeperEvent): LogLine {
  switch (event.kind) {
    case 'ready':
      return event.platform.supported
        ? { severity: 'info', text: 'stager: ready' }
        : {
            severity: 'warn',
            text: `stager: no private copies here (${event.platform.why}: ${event.platform.detail})`,
          };
    case 'gateReady':
      return { severity: 'info', text: 'keeper: ready' };
    case 'died':
    case 'gateDied': {
      const next = event.startedAgain ? 'started again' : 'not started again';
      const who = event.kind === 'died' ? 'stager' : 'keeper';
      return { severity: 'error', text: `${who}: died, ${next}: ${errorFacts(event.error)}` };
    }
    case 'problem':
      return { severity: 'warn', text: `keeper: left behind: ${errorFacts(event.error)}` };
    case 'kept':
      return {
        severity: isQuiet(event.why) ? 'info' : 'warn',
        text: `kept ${JSON.stringify(event.path)}: in=${JSON.stringify(event.file)} why=${event.why}`,
      };
    case 'clonedAhead':
      return { severity: 'debug', text: `cloned ahead ${JSON.stringify(event.path)}` };
    case 'notClonedAhead':
      return { severity: 'info', text: `not cloned ahead ${JSON.stringify(event.path)}: ${errorFacts(event.error)}` };
    case 'separated':
      return {
        severity: 'info',
        text: `separated ${JSON.stringify(event.path)}: wanted=${event.wanted ? 'yes' : 'no'}`,
      };
    case 'separationUnknown':
      return { severity: 'warn', text: `not noted ${JSON.stringify(event.path)}: ${errorFacts(event.error)}` };
    case 'notFollowed':
      return { severity: 'info', text: `not followed ${JSON.stringify(event.path)}: ${errorFacts(event.error)}` };
    case 'notKept':
      return {
        severity: 'error',
        text: `not kept ${JSON.stringify(event.path)}: why=${event.why} ${errorFacts(event.error)}`,
      };
    case 'notRecorded':
      return { severity: 'warn', text: `recovery: not recorded: ${errorFacts(event.error)}` };
    case 'flagProblem':
      return { severity: 'warn', text: `flags: readers are not told of new versions: ${errorFacts(event.error)}` };
    case 'oldNameRemoved':
      return { severity: 'debug', text: `old name: removed ${JSON.stringify(event.path)}` };
    case 'oldNameProblem':
      return { severity: 'warn', text: `old name: ${errorFacts(event.error)}` };
    case 'recovered':
      return { severity: 'info', text: `recovery: removed ${JSON.stringify(event.path)}` };
    case 'unprotected':
      return { severity: 'info', text: `recovery: not write-protected any more ${JSON.stringify(event.path)}` };
    case 'healRecovered':
      return { severity: 'info', text: `recovery: heal ${event.how} ${JSON.stringify(event.path)}` };
    case 'notRecovered':
      return { severity: 'warn', text: `recovery: left: ${errorFacts(event.error)}` };
    case 'recoveryEnded':
      return { severity: 'debug', text: `recovery: ended: untold=${String(event.untold.length)}` };
    case 'keptExpired':
      return {
        severity: 'info',
        text: `kept ${JSON.stringify(event.path)}: removed ${JSON.stringify(event.file)}: too old, or too much`,
      };
    case 'keptProblem':
      return { severity: 'warn', text: `kept: ${errorFacts(event.error)}` };
    case 'stoppedLate':
      return { severity: 'warn', text: `keeper: did not stop within ${String(event.afterMs)}ms, terminated` };
  }
}

export function joinedLine(path: string, result: Joined): LogLine {
  const head = `join ${JSON.stringify(path)}:`;
  if (result.is === 'refused') {
    const error = result.error ? ` ${errorFacts(result.error)}` : '';
    return { severity: 'info', text: `${head} refused=${result.why}${error}` };
  }
  const left = result.left.map(
    (one) => ` left=${JSON.stringify(one.path)} why=${one.why}${one.error ? ` ${errorFacts(one.error)}` : ''}`,
  );
  const counts = `joined=${String(result.joined)} missing=${String(result.missing)}${result.late ? ' late=yes' : ''}`;
  const error = result.error ? ` ${errorFacts(result.error)}` : '';
  return { severity: left.length > 0 || error ? 'warn' : 'info', text: `${head} ${counts}${left.join('')}${error}` };
}

function errorFacts({ operation, path, errno, detail }: ErrorFacts): string {
  return `operation=${operation} errno=${errno} at=${JSON.stringify(path)} detail=${JSON.stringify(detail)}`;
}

/** What has become of a rule of a save. */
export function ruleLine(path: string, what: string, outcome: RuleOutcome): LogLine {
  const head = `rule ${JSON.stringify(path)}: ${JSON.stringify(what)}`;
  switch (outcome.is) {
    case 'done':
      return { severity: 'info', text: `${head} done${outcome.pids ? ` pids=${outcome.pids.join(',')}` : ''}` };
    case 'failed':
      return { severity: 'warn', text: `${head} not done: ${errorFacts(outcome.error)}` };
    default:
      return { severity: 'info', text: `${head} not done: ${outcome.is}` };
  }
}

export function settingLine({ setting, expected, found, at }: SettingProblem): LogLine {
  if (at) {
    const where = `rule ${String(at.rule)}${at.field === '' ? '' : ` ${at.field}`}`;
    return {
      severity: 'warn',
      text: `setting ${setting}: ${where}: expected ${expected}, found ${found}; it is not used`,
    };
  }
  return { severity: 'warn', text: `setting ${setting}: expected ${expected}, found ${found}; the default is used` };
}
