import type { Counts, Outcome } from './gate/operations';
import { report, type Reason, type Report } from './level';

/** What a gated save has come to, as a level with its reason. `refused` is the stager's to report. */
export function reportOf(outcome: Exclude<Outcome, { kind: 'refused' }>): Report {
  const { counts } = outcome;
  if (outcome.kind === 'published') return report(published(counts), { counts });
  switch (outcome.why) {
    case 'notWritten':
      return report('notSaved', { counts });
    case 'passedBy':
      return report('passedBy', { counts });
    case 'otherWriter':
      return report('otherWriter', { counts });
    case 'stopped':
      return report('gateStopped', { counts });
    case 'failed':
      return report('failed', outcome.error ? { counts, error: outcome.error } : { counts });
  }
}

function published({ residual, raced }: Counts): Reason {
  if (raced > 0) return 'writersCaught';
  return residual > 0 ? 'readersCaught' : 'gated';
}
