/**
 * Reopening files that were published anew: docs/reopen-protocol.md. Linux, Node.js 18, no other module. MIT license.
 *
 *     const flag = new Flag(path);           // the flag first, then the data
 *     let configuration = read(path);
 *     server.on('request', () => {
 *       if (flag.stale) {                    // two system calls; Node.js cannot map
 *         flag.renew();
 *         configuration = read(path);
 *       }
 *       …
 *     });
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

function refused(code, path) {
  return Object.assign(new Error(`${code}: not of this user alone: ${path}`), { code, path });
}

/** A directory that is this user's and nobody else may look into. */
function ownFolder(folder, make) {
  if (make) {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (thrown) {
      if (thrown.code !== 'EEXIST') throw thrown;
    }
  }
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.geteuid() || (found.mode & 0o077) !== 0)
    throw refused('EPERM', folder);
  return folder;
}

/** All symbolic links followed; of a file that is not there yet, those of its folder. Bytes. */
function realPath(path) {
  try {
    return realpathSync.native(path, 'buffer');
  } catch (thrown) {
    if (thrown.code !== 'ENOENT' || lstatSync(path, { throwIfNoEntry: false })) throw thrown;
    const folder = realpathSync.native(dirname(path), 'buffer');
    return Buffer.concat([folder, Buffer.from(folder.length === 1 ? '' : '/'), Buffer.from(basename(path))]);
  }
}

function openFlag(path) {
  const how = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  // Sticky: whoever cleans the place of old files leaves it (XDG Base Directory Specification).
  try {
    return openSync(path, how | constants.O_NONBLOCK, 0o1600);
  } catch (thrown) {
    // Somebody looks, by a lease, whether a reader is left, and lets go at once: this is waited for.
    if (thrown.code === 'EAGAIN') return openSync(path, how, 0o1600);
    throw thrown;
  }
}

/** Where the flag of a path is. Throws Node's errors if there cannot be one. */
export function flagPath(path, make = false) {
  const runtime = process.env.XDG_RUNTIME_DIR ?? '';
  let folder;
  if (runtime.startsWith('/'))
    folder = ownFolder(join(ownFolder(runtime.replace(/(?<=.)\/+$/, ''), false), 'holdfast'), make);
  else folder = ownFolder(`/tmp/holdfast-${process.geteuid()}`, make);
  return join(ownFolder(join(folder, 'v1'), make), createHash('sha256').update(realPath(path)).digest('hex'));
}

export class Flag {
  #descriptor = -1;
  #byte = Buffer.alloc(1);

  /**
   * To be made before the data is opened. Throws if there is no flag, and new versions will not be seen: EPERM, the runtime
   * directory is not this user's alone; ENOSPC, it is full.
   */
  constructor(path) {
    // Not resolve: it would take "link/.." for the folder of the link.
    this.path = isAbsolute(path) ? path : `${process.cwd()}/${path}`;
    this.#open();
  }

  /** The path may lead to a newer version than the one that was opened after the flag. Also while there is no flag. */
  get stale() {
    if (this.#descriptor < 0) return true;
    // A flag without a first byte has not been raised; one without a name has.
    const read = readSync(this.#descriptor, this.#byte, 0, 1, 0);
    return (read === 1 && this.#byte[0] !== 0) || fstatSync(this.#descriptor).nlink === 0;
  }

  /** To be called before the data is opened again. If it throws, there is no flag now: it stays stale, and may be renewed again. */
  renew() {
    this.close();
    this.#open();
  }

  /** What `fs.watch` can be given: it reports a change when the flag is raised. Then ask whether it is stale. */
  get watched() {
    return `/proc/self/fd/${this.#descriptor}`;
  }

  close() {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  #open() {
    const path = flagPath(this.path, true);
    // One that was raised and is not removed yet is left for the one that comes; if its writer has died over it, it is stale until
    // the next publish.
    for (let tries = 0; ; tries++) {
      this.#descriptor = openFlag(path);
      try {
        const { mode, uid } = fstatSync(this.#descriptor);
        if ((mode & constants.S_IFMT) !== constants.S_IFREG || uid !== process.geteuid() || (mode & 0o077) !== 0)
          throw refused('EPERM', path);
        // For those who map: byte 0 gets its page without being changed.
        writeSync(this.#descriptor, Buffer.alloc(1), 0, 1, 1);
        if (!this.stale || tries === 8) return;
      } catch (thrown) {
        this.close();
        throw thrown;
      }
      this.close();
    }
  }
}
