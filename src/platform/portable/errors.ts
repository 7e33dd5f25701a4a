import { SystemError } from '../../core/errors';

/** Runs one call of Node's so that it fails with a `SystemError`, by the name that Node gives the failure on every system. */
export function portably<T>(operation: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') {
      throw new SystemError(operation, path, thrown.code, thrown);
    }
    throw thrown;
  }
}
