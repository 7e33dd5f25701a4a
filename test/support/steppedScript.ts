import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Writable } from 'node:stream';

import { within } from './deadline';

/** The lines in which the script waits, counted from 1. */
export const waitingLines = [3, 5, 7] as const;

/**
 * A bash script that waits for a byte on its standard input in a program of its own, before which bash seeks back to the end of the
 * command that it is in.
 */
export const steppedText = [
  '#!/usr/bin/env bash',
  '# Waits in three of its lines.',
  'head -c 1 >/dev/null',
  'true',
  'head -c 1 >/dev/null',
  'true',
  'head -c 1 >/dev/null',
  'true',
  '',
].join('\n');

export class SteppedScript {
  readonly #process: ChildProcessByStdio<Writable, null, null>;
  readonly #ended: Promise<number | NodeJS.Signals>;

  constructor(path: string) {
    this.#process = spawn('bash', [path], { stdio: ['pipe', 'ignore', 'ignore'] });
    this.#ended = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('exit', (code, signal) => {
        resolve(signal ?? code ?? -1);
      });
    });
    // One that was ended reads no more.
    this.#process.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
    });
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error('bash was not started');
    return pid;
  }

  /** Lets it go on to the next line in which it waits, or to its end. */
  step(): void {
    this.#process.stdin.write('\n');
  }

  /** How it ended: its exit code, or the signal. */
  ended(): Promise<number | NodeJS.Signals> {
    return within(20_000, `the end of the script ${String(this.pid)}`, this.#ended);
  }

  /** Ends it, if it has not ended. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended();
  }
}
