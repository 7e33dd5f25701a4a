import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';

import { rememberedSeparations } from '../core/limits';
import { decodeSeparations, encodeSeparations, type Separation } from '../core/separation';

const DAY = 24 * 60 * 60 * 1000;

/**
 * Which inodes have lost which path to saves: a file for each path, in a folder that all windows of this user share. Replaced whole, so
 * that a window reads what another one has written, or what was there before.
 */
export class SeparationFiles {
  readonly #folder: string;

  /** @param folder made when something is to be remembered */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * @param path with no symbolic links
   * @throws what open(2) and read(2) say, as Node's errors, but for ENOENT
   */
  of(path: string): readonly Separation[] {
    try {
      return decodeSeparations(path, readFileSync(this.#file(path), 'utf8'));
    } catch (thrown) {
      if (isMissing(thrown)) return [];
      throw thrown;
    }
  }

  /** None: the path is forgotten. @throws what mkdir(2), open(2), write(2), rename(2) and unlink(2) say, as Node's errors */
  set(path: string, separations: readonly Separation[]): void {
    const file = this.#file(path);
    if (separations.length === 0) {
      rmSync(file, { force: true });
      return;
    }
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const temporary = `${file}.${String(process.pid)}-${String(threadId)}~`;
    writeFileSync(temporary, encodeSeparations(path, separations), { mode: 0o600 });
    renameSync(temporary, file);
    this.#forgetOld();
  }

  #forgetOld(): void {
    const files = readdirSync(this.#folder).map((name) => join(this.#folder, name));
    const aged = files
      .map((file) => ({ file, written: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
      .sort((one, other) => other.written - one.written);
    const oldest = Date.now() - rememberedSeparations.days * DAY;
    for (const [index, { file, written }] of aged.entries()) {
      if (index >= rememberedSeparations.files || written < oldest) rmSync(file, { force: true });
    }
  }

  /** A path may be longer than a name can be. */
  #file(path: string): string {
    return join(this.#folder, createHash('sha256').update(path).digest('hex'));
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}
