import { describeError, SystemError } from './errors';
import { report, type Report } from './level';

/** The one place where an errno becomes a reason. */
export function refusal(error: unknown, path: string): Report {
  const facts = describeError(error, 'detach', path);
  if (!(error instanceof SystemError)) return report('failed', { error: facts });
  switch (error.errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return report('noRoom', { error: facts });
    case 'EBUSY':
      return report('mountPoint', { error: facts });
    case 'EROFS':
      return report('directoryNotWritable', { error: facts });
    case 'EACCES':
    case 'EPERM':
      return report(error.operation.startsWith('open') ? 'notReadable' : 'failed', { error: facts });
    case 'ECANCELED':
      return report('tooSlow', { error: facts });
    default:
      return report('failed', { error: facts });
  }
}
