/** Other programs that write and use the files. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { compiled } from '../compiled';
import { LineProgram } from '../lineProgram';
import { pick } from '../random';
import type { Ledger } from './ledger';

const run = promisify(execFile);

const ways = {
  cp: 'cp "$1" "$2"',
  redirect: 'cat "$1" >"$2"',
  mv: 'mv "$1" "$2"',
} as const;

const kinds = Object.keys(ways) as readonly (keyof typeof ways)[];

/** Writes a new version in one of the ways of programs, in place or not, and waits until it is written. */
export async function writeAsStranger(
  ledger: Ledger,
  random: () => number,
  path: string,
  bytes: number,
  spare: string,
): Promise<void> {
  const kind = pick(random, kinds);
  const version = ledger.begin(path, kind, bytes);
  writeFileSync(spare, ledger.text(version));
  // What it overwrites is its own affair; what a window's save overwrites in the same instant is not.
  ledger.seen(readFileSync(path, 'utf8'));
  await run('sh', ['-c', ways[kind], 'sh', spare, path]);
  ledger.done(version);
}

/** Has files open and mapped, and is killed. */
export class Holder {
  readonly #random: () => number;
  #program: LineProgram | undefined;

  constructor(random: () => number) {
    this.#random = random;
  }

  async turn(path: string): Promise<void> {
    this.#program ??= await LineProgram.start(await compiled('opener'));
    if (this.#random() < 0.1) {
      process.kill(this.#program.pid, 'SIGKILL');
      await this.#program.nextOrEnd();
      this.#program = undefined;
      return;
    }
    const opened = await this.#program.ask(`open r ${path}`);
    if (opened !== 'OPEN') throw new Error(`${path} was not opened: ${opened}`);
    if (this.#random() < 0.5) await this.#program.ask('map');
  }

  async release(): Promise<void> {
    await this.#program?.ask('close');
  }

  async end(): Promise<void> {
    await this.#program?.end();
  }
}
