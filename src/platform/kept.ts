import { constants, fstat, fstatSync, read, write, type BigIntStats } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import { describeError, type ErrorFacts } from '../core/errors';
import { expired, isQuiet, keptText, parseKept, type KeptRecord, type KeptVersion, type KeptWhy } from '../core/kept';

const fstatAsync = promisify(fstat);
const readAsync = promisify(read);
const writeAsync = promisify(write);

const CHUNK = 1 << 20;
const DAY = 86_400_000;
/** A version, whose record has the same name between a dot and `.json`. */
const VERSION = /^\d{4,}-/;

/** What a file was when it was looked at. */
export interface Seen {
  readonly size: bigint;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
}

/**
 * The folder of kept versions. Each is a file, readable by nobody else, with a record beside it; one without a record is being
 * copied, or was when its process ended: then what it was a copy of is still where it was.
 *
 * All methods throw what the system says, as Node's errors.
 */
export class KeptVersions {
  readonly #folder: string;
  /** Records are read and written anew: one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Copies what a descriptor has open into a new file, and gets it to the disk, if it is not `unread`: of these there is one for each
   * document that is saved first after a restart, and its save waits for it.
   *
   * @param path what it is a version of: its base name ends the new file's name
   * @param seen size and time of the last change (nanoseconds since the epoch) that it must have had all the time; ESTALE
   * @returns the new file's path
   */
  async keep(descriptor: number, path: string, why: KeptWhy, now: number, seen?: Seen): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const mode = (await fstatAsync(descriptor)).mode & 0o777;
    const { file, handle } = await this.#createNew(basename(path));
    try {
      await copy(descriptor, handle.fd);
      if (seen && !isAsSeen(fstatSync(descriptor, { bigint: true }), seen)) throw staleError(path);
      if (isSynced(why)) await handle.sync();
    } catch (thrown) {
      await unlink(file);
      throw thrown;
    } finally {
      await handle.close();
    }
    await this.#write(basename(file), { path, when: now, why, mode, told: isQuiet(why) });
    return file;
  }

  /** Puts a version to the path that it was one of, where there is nothing; EEXIST: there is something. */
  async putBack(file: string): Promise<void> {
    const record = await this.#read(basename(file));
    if (record === undefined) throw Object.assign(new Error(`${file}: no record`), { code: 'ENOENT' });
    const { path, mode } = record;
    const from = await open(join(this.#folder, basename(file)), constants.O_RDONLY);
    try {
      const to = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
      try {
        await copy(from.fd, to.fd);
        await to.chmod(mode);
        await to.sync();
      } catch (thrown) {
        await unlink(path);
        throw thrown;
      } finally {
        await to.close();
      }
    } finally {
      await from.close();
    }
  }

  /**
   * All of them, the newest first.
   *
   * @param problem gets what could not be read
   */
  async list(problem: (error: ErrorFacts) => void): Promise<readonly KeptVersion[]> {
    const versions: KeptVersion[] = [];
    for (const name of await this.#names()) {
      if (!VERSION.test(name)) continue;
      const file = join(this.#folder, name);
      try {
        const record = await this.#read(name);
        if (record !== undefined) versions.push({ ...record, file, size: (await stat(file)).size });
      } catch (thrown) {
        problem(describeError(thrown, 'read', file));
      }
    }
    return versions.sort((one, other) => other.when - one.when);
  }

  /** The user knows of these files. */
  tell(files: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const file of files) {
        const record = await this.#read(basename(file));
        if (record?.told === false) await this.#write(basename(file), { ...record, told: true });
      }
    });
  }

  remove(file: string): Promise<void> {
    return this.#inTurn(async () => {
      const name = basename(file);
      await unlink(join(this.#folder, name));
      await unlink(this.#recordOf(name)).catch(unlessMissing);
    });
  }

  /**
   * Removes what is too old or too much, and what was never complete.
   *
   * @returns what was removed and was complete
   */
  async prune(now: number, problem: (error: ErrorFacts) => void): Promise<readonly KeptVersion[]> {
    const gone: KeptVersion[] = [];
    for (const version of expired(await this.list(problem), now)) {
      try {
        await this.remove(version.file);
        gone.push(version);
      } catch (thrown) {
        problem(describeError(thrown, 'unlink', version.file));
      }
    }
    await this.#dropIncomplete(now, problem);
    return gone;
  }

  async #dropIncomplete(now: number, problem: (error: ErrorFacts) => void): Promise<void> {
    const names = new Set(await this.#names());
    for (const name of names) {
      const other = VERSION.test(name) ? `.${name}.json` : name.replace(/^\.(.*)\.json(\.new)?$/s, '$1');
      if (names.has(other) && !name.endsWith('.json.new')) continue;
      const file = join(this.#folder, name);
      try {
        if (now - (await stat(file)).mtimeMs > DAY) await unlink(file);
      } catch (thrown) {
        problem(describeError(thrown, 'unlink', file));
      }
    }
  }

  async #names(): Promise<readonly string[]> {
    return readdir(this.#folder).catch((thrown: unknown) => {
      unlessMissing(thrown);
      return [];
    });
  }

  #recordOf(name: string): string {
    return join(this.#folder, `.${name}.json`);
  }

  /** `undefined`: there is none. */
  async #read(name: string): Promise<KeptRecord | undefined> {
    const path = this.#recordOf(name);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (thrown) {
      unlessMissing(thrown);
      return undefined;
    }
    const { value, problems } = parseKept(text);
    if (value === undefined) throw Object.assign(new Error(`${path}: ${problems.join()}`), { code: 'EINVAL' });
    return value;
  }

  /** Whole or not at all. */
  async #write(name: string, record: KeptRecord): Promise<void> {
    const path = this.#recordOf(name);
    const handle = await open(`${path}.new`, 'w', 0o600);
    try {
      await handle.writeFile(keptText(record));
      if (isSynced(record.why)) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${path}.new`, path);
  }

  async #createNew(name: string): Promise<{ file: string; handle: FileHandle }> {
    // 255 bytes are the longest name; the ending says what it is to the editor.
    const ending = Buffer.byteLength(name) <= 200 ? name : name.slice(-40);
    for (let number = 1; ; number++) {
      const file = join(this.#folder, `${String(number).padStart(4, '0')}-${ending}`);
      try {
        return { file, handle: await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600) };
      } catch (thrown) {
        if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
      }
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }
}

function isSynced(why: KeptWhy): boolean {
  return why !== 'unread';
}

async function copy(from: number, to: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (let at = 0; ;) {
    const { bytesRead } = await readAsync(from, buffer, 0, CHUNK, at);
    if (bytesRead === 0) return;
    for (let written = 0; written < bytesRead;) {
      const { bytesWritten } = await writeAsync(to, buffer, written, bytesRead - written, at + written);
      written += bytesWritten;
    }
    at += bytesRead;
  }
}

/** @throws what is no ENOENT */
function unlessMissing(thrown: unknown): void {
  if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown;
}

function isAsSeen({ size, mtimeNs }: BigIntStats, seen: Seen): boolean {
  return size === seen.size && mtimeNs === seen.mtime;
}

/** It was written while it was copied. */
function staleError(path: string): Error {
  return Object.assign(new Error(`${path} was written while it was copied`), { code: 'ESTALE', syscall: 'copy' });
}
