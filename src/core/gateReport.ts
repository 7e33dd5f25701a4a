import type { Counts, Outcome } from './gate/operations';
import { report, type GivenUp, type Reason, type Report } from './level';

/**
 * What a gated save has come to, as a level with its reason. `refused` is the stager's to report.
 *
 * @param givesUp what the file is without by now
 */
export function reportOf(outcome: Exclude<Outcome, { kind: 'refused' }>, givesUp: readonly GivenUp[]): Report {
  const { counts } = outcome;
  const details = givesUp.length > 0 ? { counts, givesUp } : { counts };
  if (outcome.kind === 'published') return report(published(counts), details);
  switch (outcome.why) {
    case 'notWritten':
      return report('notSaved', details);
    case 'passedBy':
      return report('passedBy', details);
    case 'otherWriter':
      return report('otherWriter', details);
    case 'stopped':
      return report('gateStopped', details);
    case 'vetoed':
      return report('vetoed', want(outcome));
    case 'failed':
      if (outcome.room) return report('noRoom', want(outcome));
      return report('failed', outcome.error ? { ...details, error: outcome.error } : details);
  }
}

function published({ residual, raced }: Counts): Reason {
  if (raced > 0) return 'writersCaught';
  return residual > 0 ? 'readersCaught' : 'gated';
}

/** Why there was no new version, or why the editor was not stopped from doing without. */
function want({ room, error }: Extract<Outcome, { kind: 'withdrawn' }>): Omit<Report, 'level' | 'reason'> {
  return { ...(room ? { room } : {}), ...(error ? { error } : {}) };
}
