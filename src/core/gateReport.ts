import type { Outcome } from './gate/operations';
import { report, type Report } from './level';

/** What a gated save has come to, as a level with its reason. `refused` is the stager's to report. */
export function reportOf(outcome: Exclude<Outcome, { kind: 'refused' }>): Report {
  const { counts } = outcome;
  if (outcome.kind === 'published') return report(counts.residual > 0 ? 'readersCaught' : 'gated', { counts });
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
