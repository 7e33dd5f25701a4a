import { SystemError } from '../../core/errors';
import type { Salvage } from '../../core/ports';
import { asSystemError } from './errors';

/** One thing of a recovery. What fails is told, and the next one is looked at. */
export async function trying<T>(salvage: Salvage, path: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    // It was given up, and has not failed.
    if (thrown instanceof Error && thrown.name === 'AbortError') return undefined;
    const operation = thrown instanceof Error && 'syscall' in thrown ? String(thrown.syscall) : 'recover';
    const error = asSystemError(thrown, operation, path);
    salvage.problem(error instanceof SystemError ? error : new SystemError(operation, path, 'UNKNOWN', thrown));
    return undefined;
  }
}
