import { constants } from 'node:os';
import { SystemError } from '../../core/errors';

const NAMES = new Map<number, string>();

/** The symbolic name of an errno. Where one number has two names, the one of errno(3)'s first mention. */
export function errnoName(errno: number): string {
  if (NAMES.size === 0) {
    for (const [name, number] of Object.entries(constants.errno)) {
      NAMES.set(number, name);
    }
    NAMES.set(constants.errno.EAGAIN, 'EAGAIN');
    NAMES.set(constants.errno.EOPNOTSUPP, 'EOPNOTSUPP');
    NAMES.set(117, 'EUCLEAN');
    NAMES.set(126, 'ENOKEY');
  }
  return NAMES.get(errno) ?? `E${errno}`;
}

/** Makes a `SystemError` out of what Node's `fs` throws. Anything else is a mistake of ours and passes as it is. */
export function asSystemError(thrown: unknown, operation: string, path: string): unknown {
  if (thrown instanceof Error && !(thrown instanceof SystemError) && 'errno' in thrown) {
    const errno = thrown.errno;
    return new SystemError(operation, path, typeof errno === 'number' ? errnoName(Math.abs(errno)) : 'UNKNOWN', thrown);
  }
  return thrown;
}

/** Runs one call of Node's `fs` so that it fails with a `SystemError`. */
export function system<T>(operation: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw asSystemError(thrown, operation, path);
  }
}

/** As `system`, for promises. */
export async function systemAsync<T>(operation: string, path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    throw asSystemError(thrown, operation, path);
  }
}
