import { spawnSync } from 'node:child_process';
import { SystemError } from '../../core/errors';
import { lookout } from '../../core/holders/limits';

/**
 * What a program of the system says, as Latin-1. Without a shell, in English and by the time of Greenwich whatever the user has set, with
 * nothing of the environment, and not in a folder that somebody may want to unmount. Keeps the calling thread waiting.
 *
 * @param program its path
 * @param statuses with which it may end
 * @throws SystemError ETIMEDOUT after `lookout.asked`; ENOBUFS: it said more than `lookout.answered`; ENOENT and the like: it cannot be started; EIO: it has
 * ended otherwise
 */
export function ask(program: string, args: readonly string[], statuses: readonly number[]): string {
  const { error, status, stdout } = spawnSync(program, args, {
    cwd: '/',
    encoding: 'latin1',
    env: { LC_ALL: 'C', TZ: 'UTC0', PATH: '/usr/bin:/bin:/usr/sbin:/sbin' },
    killSignal: 'SIGKILL',
    maxBuffer: lookout.answered,
    // What it warns of is not for anybody, and might name files.
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: lookout.asked,
  });
  if (error) {
    throw new SystemError(
      'run',
      program,
      'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN',
      error,
    );
  }
  if (status === null || !statuses.includes(status)) {
    throw new SystemError('run', program, 'EIO');
  }
  return stdout;
}
