import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  readlinkSync,
  realpathSync,
  statSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { opendir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { SystemError } from '../../core/errors';
import type { HandedPlace } from '../../core/gate/ports';
import type { Flags } from '../../core/ports';
import { asSystemError, system } from './errors';
import { probePinned } from './gate/holders';
import { O_PATH } from './layouts';
import type { Host } from './linux';
import { isOwn } from './ownFolder';
import { closeQuietly, descriptorPath } from './place';

/** Where readers keep their flags: `folder`, in a folder `base` that must be this user's own. */
export interface FlagPlace {
  readonly base: string;
  readonly folder: string;
  /** Nobody has said that flags are kept there. */
  readonly guessed: boolean;
}

/** A flag is not taken for a forgotten one before that; milliseconds. Its reader may be about to open it. */
const forgottenAfter = 3_600_000;
const RAISED = Buffer.from([1]);
const FLAG_NAME = /^[0-9a-f]{64}$/;

/**
 * All places where a reader of this user may keep its flags: a service and an editor need not have the same environment.
 *
 * @param runtime XDG_RUNTIME_DIR
 */
export function flagPlaces(uid: number, runtime: string | undefined, temporary = '/tmp'): readonly FlagPlace[] {
  const own = join(temporary, `holdfast-${uid}`);
  const bases = [
    ...(runtime !== undefined && isAbsolute(runtime)
      ? [{ base: runtime.replace(/(?<=.)\/+$/, ''), guessed: false }]
      : []),
    { base: `/run/user/${uid}`, guessed: true },
  ];
  return [
    ...bases
      .filter(({ base }, index) => bases.findIndex((other) => other.base === base) === index)
      .map(({ base, guessed }) => ({ base, folder: join(base, 'holdfast', 'v1'), guessed })),
    { base: own, folder: join(own, 'v1'), guessed: false },
  ];
}

/** What a file's flag is called. @param realPath all symbolic links followed */
export function flagName(realPath: Uint8Array): string {
  return createHash('sha256').update(realPath).digest('hex');
}

/**
 * The writer's side of `docs/reopen-protocol.md`.
 *
 * @param problem is told once of each place and errno
 */
export function openFlags(host: Host, places: readonly FlagPlace[], problem: (error: SystemError) => void): Flags {
  const flags = new LinuxFlags(host, places, problem);
  flags.examine();
  return flags;
}

class LinuxFlags implements Flags {
  readonly #host: Host;
  readonly #places: readonly FlagPlace[];
  readonly #problem: (error: SystemError) => void;
  readonly #told = new Set<string>();

  constructor(host: Host, places: readonly FlagPlace[], problem: (error: SystemError) => void) {
    this.#host = host;
    this.#places = places;
    this.#problem = problem;
  }

  /** Says beforehand which places are not to be used. */
  examine(): void {
    for (const place of this.#places) {
      this.#try(place, () => {
        this.#isThere(foldersOf(place));
      });
    }
  }

  raiseAt({ directory, name, path }: HandedPlace): string | undefined {
    const version = versionOf(Buffer.concat([Buffer.from(`${descriptorPath(directory)}/`), name]));
    this.#raiseEverywhere(path, () => {
      const folder = system('readlink', path, () => readlinkSync(descriptorPath(directory), 'buffer'));
      return Buffer.concat([folder, Buffer.from(folder.length === 1 ? '' : '/'), name]);
    });
    return version;
  }

  versionAt(path: string): string | undefined {
    return versionOf(path);
  }

  raise(path: string | Uint8Array): void {
    const given = typeof path === 'string' ? path : Buffer.from(path);
    this.#raiseEverywhere(given.toString(), () =>
      system('realpath', given.toString(), () => realpathSync.native(given, 'buffer')),
    );
  }

  async tidy(signal: AbortSignal): Promise<void> {
    for (const place of this.#places) {
      try {
        await this.#tidyPlace(place, signal);
      } catch (thrown) {
        this.#tell(place, thrown);
      }
    }
  }

  #raiseEverywhere(path: string, realPath: () => Buffer): void {
    let name: string | undefined;
    this.#try({ base: path, folder: path, guessed: false }, () => {
      name = flagName(realPath());
    });
    if (name === undefined) return;
    for (const place of this.#places) {
      const file = join(place.folder, name);
      this.#try(place, () => {
        this.#raise(place, file);
      });
    }
  }

  async #tidyPlace(place: FlagPlace, signal: AbortSignal): Promise<void> {
    if (!this.#isThere(foldersOf(place))) return;
    for await (const { name } of await opendir(place.folder)) {
      if (signal.aborted) return;
      const file = join(place.folder, name);
      if (!FLAG_NAME.test(name)) continue;
      this.#try(place, () => {
        if (this.#isForgotten(file)) this.#raise(place, file);
      });
    }
  }

  /** Nobody has it open, or its writer has ended between raising and removing it. To be wrong costs a reader one more look. */
  #isForgotten(file: string): boolean {
    const found = lstat(file);
    if (!found?.isFile() || Date.now() - found.mtimeMs < forgottenAfter) return false;
    const pin = openFlag(file, O_PATH);
    if (pin === undefined) return false;
    try {
      return isRaised(pin, file) || probePinned(this.#host.gateCalls(), pin, file) === 'free';
    } finally {
      closeQuietly(pin);
    }
  }

  #raise(place: FlagPlace, file: string): void {
    // What is below a stranger's folder can lead anywhere, to a mount that does not answer, too.
    if (!this.#isThere([place.base])) return;
    // Most files have no flag, and a look that finds nothing costs less than an open that fails, of which Node makes an Error.
    if (!lstat(file, place.folder)) return;
    if (!this.#isThere(foldersOf(place))) return;
    const fd = openFlag(file, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (fd === undefined) return;
    try {
      this.#raiseOpen(fd, file);
    } finally {
      closeSync(fd);
    }
  }

  #raiseOpen(fd: number, file: string): void {
    const { uid, mode } = system('fstat', file, () => fstatSync(fd));
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || uid !== this.#host.uid || (mode & 0o077) !== 0) {
      throw new SystemError('open', file, 'EPERM');
    }
    // write(2) puts it in the page that the readers have mapped (one page cache); a store into a mapping of our own would end the
    // process (SIGBUS) where there is no room.
    const set = (): unknown => system('write', file, () => writeSync(fd, RAISED, 0, 1, 0));
    let refused: unknown;
    try {
      set();
    } catch (thrown) {
      refused = thrown;
      // A reader that has mapped it has written its second byte: then there is room for the first.
      if (system('fstat', file, () => fstatSync(fd)).size > 0) throw thrown;
    }
    this.#remove(fd, file);
    // The reader may have got room since we had none.
    if (refused !== undefined && system('fstat', file, () => fstatSync(fd)).size > 0) set();
  }

  /** Two writers at once must not remove each the other's: the second would take one that a reader has just made. */
  #remove(fd: number, file: string): void {
    const { libc } = this.#host;
    if (!libc.tryLock(fd, file)) return;
    try {
      const open = system('fstat', file, () => fstatSync(fd));
      const there = lstat(file);
      if (there?.ino === open.ino && there.dev === open.dev) system('unlink', file, () => unlinkSync(file));
    } finally {
      libc.unlock(fd, file);
    }
  }

  /**
   * Whether there are these folders, of which each is in the one before.
   *
   * @throws SystemError EPERM of the first that is not this user's alone: nothing in it is looked at
   */
  #isThere(folders: readonly string[]): boolean {
    return folders.every((folder) => {
      const found = lstat(folder);
      if (found && !isOwn(found, this.#host.uid)) throw new SystemError('open', folder, 'EPERM');
      return found !== undefined;
    });
  }

  #try(place: FlagPlace, work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.#tell(place, thrown);
    }
  }

  #tell({ base, guessed }: FlagPlace, thrown: unknown): void {
    const error = asSystemError(thrown, 'flag', base);
    if (!(error instanceof SystemError)) throw thrown;
    // The file, or the flag, has gone meanwhile.
    if (error.errno === 'ENOENT') return;
    if (guessed && error.errno === 'EPERM' && error.path === base) return;
    const key = `${error.path}:${error.errno}`;
    if (this.#told.has(key) || this.#told.size >= toldAtMost) return;
    this.#told.add(key);
    this.#problem(error);
  }
}

/** By stat(2). */
function versionOf(path: string | Buffer): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found && [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
  } catch {
    // Whoever asks takes that for another version.
    return undefined;
  }
}

/** Lines in the log; a number. */
const toldAtMost = 100;

function foldersOf({ base, folder }: FlagPlace): readonly string[] {
  const between = join(folder, '..');
  return between === base ? [base, folder] : [base, between, folder];
}

/** @param told what an error is said to be of: of all files in a folder that cannot be looked into, it is told once */
function lstat(file: string, told = file): Stats | undefined {
  return system('lstat', told, () => lstatSync(file, { throwIfNoEntry: false }));
}

/** `undefined`: it has gone. */
function openFlag(file: string, flags: number): number | undefined {
  try {
    return system('open', file, () => openSync(file, flags | constants.O_NOFOLLOW));
  } catch (thrown) {
    if (SystemError.is(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

function isRaised(pin: number, file: string): boolean {
  const fd = openSync(descriptorPath(pin), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const byte = Buffer.alloc(1);
    system('read', file, () => readSync(fd, byte, 0, 1, 0));
    return byte[0] !== 0;
  } finally {
    closeSync(fd);
  }
}
