import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

import { within } from './deadline';

const deadline = 20_000;

/** A helper program that answers in lines. Says READY first. */
export class LineProgram {
  readonly lines: string[] = [];
  readonly #name: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  #taken = 0;
  #over = false;
  #wake: () => void = () => undefined;

  private constructor(program: string, args: readonly string[]) {
    this.#name = [program, ...args].join(' ');
    this.#process = spawn(program, args, { stdio: 'pipe' });
    this.#process.stderr.pipe(process.stderr);
    // That nobody reads it any more shows in the program's end.
    this.#process.stdin.on('error', () => undefined);
    createInterface(this.#process.stdout).on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
    // Who tells a program that has just died something hears of that when he asks for its answer.
    this.#process.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('close', () => {
        this.#over = true;
        this.#wake();
        resolve();
      });
    });
  }

  static async start(program: string, ...args: readonly string[]): Promise<LineProgram> {
    const started = new LineProgram(program, args);
    const first = await started.next();
    if (first !== 'READY') throw new Error(`${program} said ${first}`);
    return started;
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error(`${this.#name} has not started`);
    return pid;
  }

  /** The next line that nobody has asked for. */
  async next(): Promise<string> {
    const line = await this.nextOrEnd();
    if (line === undefined) throw new Error(`${this.#name} has ended`);
    return line;
  }

  /** The same, or `undefined` if the program ends before. */
  async nextOrEnd(): Promise<string | undefined> {
    const arrived = new Promise<string | undefined>((resolve) => {
      this.#wake = () => {
        const line = this.lines[this.#taken];
        if (line === undefined && !this.#over) return;
        this.#taken++;
        this.#wake = () => undefined;
        resolve(line);
      };
      this.#wake();
    });
    return within(deadline, `a line of ${this.#name}`, arrived);
  }

  async ask(question = ''): Promise<string> {
    this.tell(question);
    return this.next();
  }

  tell(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await within(deadline, `the end of ${this.#name}`, this.#ended);
  }

  /** How it ends, by itself. */
  async status(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    await within(deadline, `the end of ${this.#name}`, this.#ended);
    return { code: this.#process.exitCode, signal: this.#process.signalCode };
  }

  /** Ends it by closing its standard input, and returns all it said. */
  async end(): Promise<readonly string[]> {
    this.#process.stdin.end();
    await within(deadline, `the end of ${this.#name}`, this.#ended);
    return this.lines;
  }
}
