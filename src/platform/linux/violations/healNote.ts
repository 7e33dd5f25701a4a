import { closeSync, constants, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SystemError } from '../../../core/errors';
import { healText, type HealRecord } from '../../../core/violations/healRecord';
import { writeSmall } from '../copy';
import { system } from '../errors';
import type { GateCalls } from '../gate/calls';
import { F_WRLCK } from '../layouts';
import { closeQuietly } from '../place';

/** A record, and the bytes beside it. */
export const noteName = /^\d+-\d+-\d+\.heal$/;
/** What is made before there is a record, or left after it. */
export const loose = /^\d+-\d+-\d+\.(heal\.new|running)$/;

export function runningName(note: string): string {
  return note.replace(/heal$/, 'running');
}

/** One heal, written down for as long as it is under way; see `core/violations/healRecord.ts`. */
export class HealNote {
  readonly #path: string;
  readonly #fd: number;
  #closed = false;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /**
   * The bytes first: there is no record without them. The record gets its name when it is complete and locked.
   *
   * @param folder is there
   * @param id of this process's heals, each its own
   * @throws SystemError ENOSPC and the like
   */
  static write(calls: GateCalls, folder: string, id: number, record: HealRecord, running: Uint8Array): HealNote {
    const name = `${record.owner.pid}-${record.owner.startTime}-${id}.heal`;
    const path = join(folder, name);
    const bytes = join(folder, runningName(name));
    const draft = `${path}.new`;
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const made: string[] = [];
    try {
      const copy = system('open', bytes, () => openSync(bytes, flags, 0o600));
      made.push(bytes);
      try {
        writeSmall(copy, running, bytes);
      } finally {
        closeQuietly(copy);
      }
      const fd = system('open', draft, () => openSync(draft, flags, 0o600));
      made.push(draft);
      try {
        calls.setRangeLock(fd, F_WRLCK, 0n, draft);
        const text = Buffer.from(healText(record), 'latin1');
        if (system('write', draft, () => writeSync(fd, text)) < text.length) {
          throw new SystemError('write', draft, 'ENOSPC');
        }
        system('rename', path, () => {
          renameSync(draft, path);
        });
        return new HealNote(path, fd);
      } catch (thrown) {
        closeQuietly(fd);
        throw thrown;
      }
    } catch (thrown) {
      for (const one of made) remove(one);
      throw thrown;
    }
  }

  /** It is over. @throws SystemError */
  end(): void {
    if (this.#closed) return;
    try {
      remove(this.#path);
      remove(runningName(this.#path));
    } finally {
      this.leave();
    }
  }

  /** It is for the next start to see to. */
  leave(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }
}

function remove(path: string): void {
  try {
    system('unlink', path, () => {
      unlinkSync(path);
    });
  } catch (thrown) {
    if (!SystemError.is(thrown, 'ENOENT')) throw thrown;
  }
}
