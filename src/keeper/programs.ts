import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';

import { describeError, type ErrorFacts } from '../core/errors';
import type { Commands } from '../core/reopen/commands';
import { reopen } from '../core/reopen/limits';

/** What VS Code sets for itself: with it, Electron would be Node.js. */
const ofTheEditor = /^(ELECTRON|VSCODE)_/;

/** Runs commands with the environment of the extension host, without a shell, and with nothing to read. */
export class Programs implements Commands {
  readonly #atMost: number;

  /** @param atMost milliseconds that a command may take */
  constructor(atMost: number = reopen.command) {
    this.#atMost = atMost;
  }

  run(words: readonly string[], folder: string): Promise<ErrorFacts | undefined> {
    const [program = '', ...others] = words;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofTheEditor.test(name)));
    return new Promise((resolve) => {
      let child: ChildProcessByStdio<null, null, Readable | null>;
      try {
        // A group of its own: what it has started is stopped with it.
        child = spawn(program, others, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
      } catch (thrown) {
        // Some of what keeps it from being started is thrown (E2BIG, ENOTDIR), some comes as an event.
        resolve(describeError(thrown, 'run', program));
        return;
      }
      // Without room for a pipe (EMFILE) there is none.
      const { pid, stderr } = child;
      let complaint = '';
      let late = false;
      let timer: NodeJS.Timeout;
      const after = (milliseconds: number, work: () => void): void => {
        clearTimeout(timer);
        timer = setTimeout(work, milliseconds);
      };
      const settle = (error: ErrorFacts | undefined): void => {
        clearTimeout(timer);
        // A daemon that it has started may write there: it must not end by that.
        stderr?.removeAllListeners('data').resume();
        resolve(error);
      };
      child.once('error', (thrown) => {
        settle(describeError(thrown, 'run', program));
      });
      const failed = (errno: string): ErrorFacts => {
        const said = complaint.trim();
        return { operation: 'run', path: program, errno, detail: said === '' ? errno : said };
      };
      after(this.#atMost, () => {
        late = true;
        stop(pid, 'SIGTERM');
        after(reopen.commandEnds, () => {
          stop(pid, 'SIGKILL');
        });
      });
      stderr?.setEncoding('utf8').on('data', (text: string) => {
        complaint = (complaint + text).slice(-reopen.complaint);
      });
      child.once('exit', (code, signal) => {
        if (code === 0 && !late) {
          settle(undefined);
          return;
        }
        const errno = late ? 'ETIMEDOUT' : (signal ?? `EXIT${String(code ?? '')}`);
        // It has ended, and what it has started may not want to.
        if (late) stop(pid, 'SIGKILL');
        // What it has said about it may still be on its way; a daemon may keep the way open.
        after(reopen.commandEnds, () => {
          settle(failed(errno));
        });
        child.once('close', () => {
          settle(failed(errno));
        });
      });
    });
  }
}

/** The whole group of a child. Nobody else is given its number as long as it is not awaited, or anybody is in its group. */
function stop(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (thrown) {
    // It has just ended; or is another user's by now, and ends when it wants.
    if (!['ESRCH', 'EPERM'].includes((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown;
  }
}
