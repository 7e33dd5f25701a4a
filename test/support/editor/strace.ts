/** Watching a process's system calls. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { within } from '../deadline';
import { runEnvironment, type RunFolders } from './folders';
import { StartedProcess } from './processes';

const deadline = 15_000;

export interface StraceOptions {
  readonly pid: number;
  /** strace's `-e` expressions, such as `trace=openat,rename` or `inject=fsync:error=EIO:when=2`. */
  readonly expressions: readonly string[];
  /** Only the threads of this name, as they are now. */
  readonly onlyThreads?: string;
  /** Only calls that name this path, or a descriptor that leads to it. */
  readonly path?: string;
}

export interface Strace {
  /** Resolves when strace has written such a line. */
  until(line: RegExp): Promise<void>;
  /** Lets go of the process, and returns the lines strace wrote. */
  stop(): Promise<string[]>;
}

let count = 0;

/** Resolves when strace is attached to every thread. */
export async function startStrace(folders: RunFolders, options: StraceOptions): Promise<Strace> {
  const { pid, expressions, onlyThreads, path } = options;
  const output = join(folders.root, `strace-${++count}`);
  const args = [
    ...(onlyThreads === undefined ? ['-f'] : []),
    '-y',
    '-ttt',
    '-s',
    '256',
    '-o',
    output,
    ...expressions.flatMap((expression) => ['-e', expression]),
    ...(path === undefined ? [] : ['-P', path]),
    ...(onlyThreads === undefined ? [pid] : threadsCalled(pid, onlyThreads)).flatMap((one) => ['-p', String(one)]),
  ];
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
    return whole((await readFile(output, 'utf8')).split('\n').filter((line) => line !== ''));
  };
  return { until: (line) => untilWritten(output, line), stop: () => (lines ??= finish()) };
}

async function untilWritten(output: string, line: RegExp): Promise<void> {
  const watcher = watch(output);
  try {
    const written = new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (
          readFileSync(output, 'utf8')
            .split('\n')
            .some((one) => line.test(one))
        )
          resolve();
      };
      watcher.on('change', look);
      watcher.once('error', reject);
      look();
    });
    await within(deadline, `strace tells of ${String(line)}`, written);
  } finally {
    watcher.close();
  }
}

function threadsCalled(pid: number, name: string): readonly number[] {
  const folder = `/proc/${String(pid)}/task`;
  const threads = readdirSync(folder).filter((tid) => readFileSync(join(folder, tid, 'comm'), 'utf8').trim() === name);
  if (threads.length === 0) throw new Error(`no thread of ${String(pid)} is called ${name}`);
  return threads.map(Number);
}

/** Puts a call that another thread interrupted on paper (`<unfinished ...>`, `<... resumed>`) into one line again. */
export function whole(lines: readonly string[]): string[] {
  const begun = new Map<string, number>();
  const joined: (string | undefined)[] = [];
  for (const line of lines) {
    const [thread = ''] = line.split(' ');
    const unfinished = / *<unfinished \.\.\.>$/.exec(line);
    const resumed = /<\.\.\. \w+ resumed>/.exec(line);
    const first = resumed ? begun.get(thread) : undefined;
    if (unfinished) begun.set(thread, joined.push(line.slice(0, unfinished.index)) - 1);
    else if (resumed && first !== undefined) {
      joined[first] = `${joined[first] ?? ''}${line.slice(resumed.index + resumed[0].length)}`;
      begun.delete(thread);
    } else joined.push(line);
  }
  return joined.filter((line) => line !== undefined);
}

/** Why system calls cannot be watched here, or undefined. */
export function straceRefusal(): string | undefined {
  if (spawnSync('strace', ['-V'], { stdio: 'ignore' }).status !== 0) return 'strace is not installed';
  if (process.getuid?.() === 0) return undefined;
  const yama = '/proc/sys/kernel/yama/ptrace_scope';
  const scope = existsSync(yama) ? Number(readFileSync(yama, 'utf8')) : 0;
  return scope > 0 ? 'only root may watch other processes here (kernel.yama.ptrace_scope)' : undefined;
}
