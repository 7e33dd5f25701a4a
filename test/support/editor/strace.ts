/** Watching a process's system calls. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runEnvironment, type RunFolders } from './folders';
import { StartedProcess } from './processes';

const deadline = 15_000;

export interface StraceOptions {
  readonly pid: number;
  /** strace's `-e` expressions, such as `trace=openat,rename` or `inject=fsync:error=EIO:when=2`. */
  readonly expressions: readonly string[];
}

export interface Strace {
  /** Lets go of the process, and returns the lines strace wrote. */
  stop(): Promise<string[]>;
}

let count = 0;

/** Resolves when strace is attached to every thread. */
export async function startStrace(folders: RunFolders, { pid, expressions }: StraceOptions): Promise<Strace> {
  const output = join(folders.root, `strace-${++count}`);
  const args = ['-f', '-y', '-ttt', '-s', '256', '-o', output, ...expressions.flatMap((expression) => ['-e', expression]), '-p', String(pid)];
  const strace = await StartedProcess.start('strace', 'strace', args, { env: runEnvironment(folders) });
  try {
    await strace.untilOutput(/attached/, deadline);
  } catch (error) {
    await strace.stop(deadline, 'SIGINT');
    throw error;
  }
  let lines: Promise<string[]> | undefined;
  const finish = async (): Promise<string[]> => {
    await strace.stop(deadline, 'SIGINT');
    return (await readFile(output, 'utf8')).split('\n').filter((line) => line !== '');
  };
  return { stop: () => (lines ??= finish()) };
}
