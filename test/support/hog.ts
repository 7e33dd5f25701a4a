/** Full disks. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

const MEGABYTE = 1 << 20;

/** As Node has them, which knows no name for the second one. */
const isFull: ReadonlySet<unknown> = new Set([-constants.errno.ENOSPC, -constants.errno.EDQUOT]);

/** Takes what is left of a disk, and gives it back. */
export class Hog {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, 'hog');
  }

  /** @param bytes no more than so many */
  eat(bytes = Infinity): void {
    const fd = openSync(this.#path, 'a');
    let eaten = 0;
    try {
      for (let size = MEGABYTE; size >= 1 && eaten < bytes;) {
        try {
          const written = writeSync(fd, Buffer.alloc(Math.min(size, bytes - eaten), 'h'));
          eaten += written;
          if (written === size) continue;
        } catch (thrown) {
          if (!(thrown instanceof Error && 'errno' in thrown && isFull.has(thrown.errno))) throw thrown;
        }
        size = Math.floor(size / 2);
      }
    } finally {
      closeSync(fd);
    }
  }

  giveBack(): void {
    rmSync(this.#path);
  }
}

/** Takes every page that becomes free on a disk, as soon as it does, until it is stopped. */
export class GreedyHog {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(folder: string): Promise<GreedyHog> {
    const started = spawn(process.execPath, ['-e', greed, join(folder, 'greedy')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(started.stdout, 'data');
    return new GreedyHog(started);
  }

  /** Again: nothing. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
  }
}

/** Says that the disk is full when it is for the first time. */
const greed = `
  const { openSync, writeSync } = require('node:fs');
  const fd = openSync(process.argv[1], 'a');
  const bytes = Buffer.alloc(65536, 'h');
  for (let full = false; ; ) {
    try {
      writeSync(fd, bytes);
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
      if (!full) writeSync(1, 'FULL');
      full = true;
    }
  }
`;
