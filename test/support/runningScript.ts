import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

import { within } from './deadline';

const total = 30;

/**
 * A bash script that does one step, says so, and goes on when it is told to. Each step runs a program, before which
 * bash seeks back to what it has parsed, as it does in every real script.
 */
export function scriptText(title: string): string {
  const steps = Array.from({ length: total }, (_, index) => `step ${String(index + 1)} "${title}"`);
  return [
    '#!/usr/bin/env bash',
    '# Counts its steps.',
    '# Each one waits for a line on standard input.',
    'step() { echo "$2: step $1"; read -r _; /bin/true; }',
    ...steps,
    'echo "all done"',
    '',
  ].join('\n');
}

export interface Outcome {
  readonly disturbed: boolean;
  /** For a disturbed one: the first thing that it did and should not have, or did not do. */
  readonly example: string;
  readonly stepsAfterSave: number;
}

export class RunningScript {
  readonly #title: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: string[] = [];
  readonly #exit: Promise<number | NodeJS.Signals>;
  #stderr = '';
  #atSave = 0;
  #changed: () => void = () => undefined;

  constructor(path: string, title: string) {
    this.#title = title;
    this.#process = spawn('bash', [path], { stdio: 'pipe' });
    createInterface(this.#process.stdout).on('line', (line) => {
      this.#lines.push(line);
      this.#changed();
    });
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    // A script that was disturbed may have gone before it reads: that is an outcome, not an error of the test.
    this.#process.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
    });
    this.#exit = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('close', (code, signal) => {
        resolve(signal ?? code ?? -1);
        this.#changed();
      });
    });
  }

  /** Lets it go on until it has done `count` steps more, or has ended. */
  async advance(count: number): Promise<void> {
    const wanted = this.#lines.length + count;
    let ended = false;
    void this.#exit.then(() => {
      ended = true;
    });
    const reached = new Promise<void>((resolve) => {
      this.#changed = () => {
        if (this.#lines.length >= wanted || this.#process.exitCode !== null || ended) resolve();
      };
      this.#process.stdin.write('\n'.repeat(count));
      this.#changed();
    });
    await within(20_000, `${this.#title}: step ${String(wanted)}`, reached);
  }

  /** Waits for the first step. */
  async ready(): Promise<void> {
    const first = new Promise<void>((resolve) => {
      this.#changed = () => {
        if (this.#lines.length > 0) resolve();
      };
      this.#changed();
    });
    await within(20_000, `${this.#title}: its first step`, first);
  }

  /** To be called when the file has been saved under it. */
  saved(): void {
    this.#atSave = this.#lines.length;
  }

  /** Lets it run to its end, and says how it was. */
  async finish(): Promise<Outcome> {
    this.#process.stdin.end('\n'.repeat(total));
    let ended: number | string;
    try {
      ended = await within(20_000, `the end of ${this.#title}`, this.#exit);
    } catch (error) {
      this.#process.kill('SIGKILL');
      await this.#exit;
      ended = String(error);
    }
    const expected = Array.from({ length: total }, (_, index) => `${this.#title}: step ${String(index + 1)}`);
    expected.push('all done');
    const wrong = expected.findIndex((line, index) => this.#lines[index] !== line);
    const disturbed = wrong >= 0 || this.#lines.length !== expected.length || this.#stderr !== '' || ended !== 0;
    return {
      disturbed,
      example: disturbed ? this.#describe(expected, wrong, ended) : '',
      stepsAfterSave: this.#lines.length - this.#atSave,
    };
  }

  #describe(expected: readonly string[], wrong: number, ended: number | string): string {
    const [firstError] = this.#stderr.split('\n');
    if (firstError) return firstError.replace(/^.*?: line/, 'line');
    if (wrong < 0) return `went on after its end: ${this.#lines[expected.length] ?? String(ended)}`;
    const did = this.#lines[wrong];
    return did === undefined
      ? `ended before “${expected[wrong] ?? ''}”`
      : `did “${did}” instead of “${expected[wrong] ?? ''}”`;
  }
}
