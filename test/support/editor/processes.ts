/** Processes the tests start, and how all of them are ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { DeadlineError, within } from '../deadline';
import { shared } from '../shared';
import { untilEnded } from './pidfd';

/** How much of a process's output is kept to explain a failure. */
const keptOutput = 64 * 1024;

/** What has been started and has not ended. If this process ends before they do, they go with it. */
const living = shared('processes', () => {
  const pids = new Set<number>();
  process.on('exit', () => pids.forEach(killGroup));
  return pids;
});

/** Kept by every util-linux: asks the system to end a process when the one that started it is gone, however that ended. */
const lifeline = ['/usr/bin/setpriv', '--pdeathsig', 'TERM'] as const;

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
  /** `open`: a standard input in which nothing comes, and that does not end before the process; otherwise it is empty. */
  readonly stdin?: 'open';
  /** Is given every line that the process writes, from the first one on. */
  readonly onLine?: (line: string) => void;
  /** For a program of Node.js: it is given a channel, and each text that it sends is taken for a line that it wrote. */
  readonly channel?: true;
}

/**
 * A process that leads a group of its own, so that whatever it starts can be ended with it. Its output is kept, and read line by line
 * for as long as somebody waits for a line.
 */
export class StartedProcess {
  readonly pid: number;
  /** Settles when the process has ended: with its exit code, or with the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  readonly #name: string;
  #output = '';
  #listeners = new Set<() => void>();

  private constructor(name: string, child: ChildProcess, pid: number) {
    this.#name = name;
    this.#child = child;
    this.pid = pid;
    living.add(pid);
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        living.delete(pid);
        resolve(code ?? signal ?? 'SIGKILL');
      });
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#take(text);
      });
    }
    child.on('message', (message) => {
      if (typeof message === 'string') this.#take(`${message}\n`);
    });
  }

  #take(text: string): void {
    this.#output = (this.#output + text).slice(-keptOutput);
    for (const listener of [...this.#listeners]) listener();
  }

  static async start(
    name: string,
    command: string,
    args: readonly string[],
    options: ProcessOptions,
  ): Promise<StartedProcess> {
    const [setpriv, ...ask] = lifeline;
    const [program, rest] = existsSync(setpriv) ? [setpriv, [...ask, command, ...args]] : [command, args];
    const { cwd, env, stdin, onLine, channel } = options;
    const child = spawn(program, rest, {
      ...(cwd === undefined ? {} : { cwd }),
      env,
      detached: true,
      stdio: [stdin === 'open' ? 'pipe' : 'ignore', 'pipe', 'pipe', ...(channel ? (['ipc'] as const) : [])],
    });
    if (onLine) {
      for (const stream of [child.stdout, child.stderr]) {
        if (stream) createInterface(stream).on('line', onLine);
      }
      child.on('message', (message) => {
        if (typeof message === 'string') onLine(message);
      });
    }
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error(`${name} has no process id`);
    return new StartedProcess(name, child, child.pid);
  }

  /** The last of what the process wrote. */
  get output(): string {
    return this.#output;
  }

  /** Waits until the output matches; fails at once if the process ends instead. */
  async untilOutput(pattern: RegExp, milliseconds: number): Promise<RegExpExecArray> {
    let listener: (() => void) | undefined;
    const matched = new Promise<RegExpExecArray>((resolve) => {
      listener = () => {
        const match = pattern.exec(this.#output);
        if (match) resolve(match);
      };
      this.#listeners.add(listener);
      listener();
    });
    const died = this.ended.then((outcome) => {
      throw new Error(`${this.#name} ended (${outcome}) before it wrote ${pattern}:\n${this.#output}`);
    });
    try {
      return await within(milliseconds, `${this.#name} writes ${pattern}`, Promise.race([matched, died]));
    } catch (error) {
      if (error instanceof DeadlineError) throw new Error(`${error.message}\n${this.#output}`, { cause: error });
      throw error;
    } finally {
      if (listener) this.#listeners.delete(listener);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks the process to end, then makes it and all of its group end. */
  async stop(milliseconds: number, politely: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#child.kill(politely);
    try {
      await within(milliseconds, `${this.#name} ends`, this.ended);
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
    }
    const members = await membersOf(this.pid);
    killGroup(this.pid);
    await within(milliseconds, `${this.#name} is ended`, this.ended);
    // Those that were started between the look and the kill.
    await untilEnded([...members, ...(await membersOf(this.pid))], milliseconds);
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The living processes of a group. A zombie is dead; it only waits for a parent that may never ask. */
export async function membersOf(group: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map(readStat));
  return stats.flatMap((stat) => (stat?.group === group && stat.state !== 'Z' ? [stat.pid] : []));
}

async function readStat(pid: string): Promise<{ pid: number; state: string; group: number } | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may itself contain parentheses and spaces.
    const [state = '', , group = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { pid: Number(pid), state, group: Number(group) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
