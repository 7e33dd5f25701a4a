/**
 * Makes every step of a thread one before which its process may die (`Doom`): each call of the C library and of Node's that opens, closes or
 * changes something, and each message to another thread. To be imported before the thread's program.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { MessagePort } from 'node:worker_threads';

import { Doom } from './doom';

const doom = Doom.shared();

type Callable = (this: unknown, ...args: unknown[]) => unknown;

/** The same function, with a step before it. */
function stepping<F extends object>(original: F): F {
  const stepped = function (this: unknown, ...args: unknown[]): unknown {
    doom.step();
    return Reflect.apply(original as unknown as Callable, this, args);
  };
  return Object.defineProperties(stepped, Object.getOwnPropertyDescriptors(original)) as unknown as F;
}

const steps = [
  'writeSync',
  'ftruncateSync',
  'fchmodSync',
  'fchownSync',
  'futimesSync',
  'renameSync',
  'unlinkSync',
  'mkdirSync',
  'write',
  'fsync',
  'fdatasync',
] as const;
for (const name of steps) Object.assign(fs, { [name]: stepping(fs[name]) });

/** Descriptors of what the kernel makes up, of which there are many: whether they are open is nothing that anybody could find. */
const madeUp = new Set<number>();
const { openSync, closeSync } = fs;
fs.openSync = (...of) => {
  const reads = /^\/proc\/(?!self\/fd\/)/.test(String(of[0]));
  if (!reads) doom.step();
  const fd = openSync(...of);
  if (reads) madeUp.add(fd);
  return fd;
};
fs.closeSync = (fd) => {
  if (!madeUp.delete(fd)) doom.step();
  closeSync(fd);
};

const port = MessagePort.prototype;
Object.assign(port, { postMessage: stepping(Reflect.get(port, 'postMessage') as Callable) });

interface Koffi {
  load(path: null): { func(name: string, ...signature: unknown[]): object };
}

/** They only look. */
const looks: ReadonlySet<string> = new Set([
  'statx',
  'faccessat',
  'flistxattr',
  'listxattr',
  'fgetxattr',
  'lseek',
  'poll',
]);

const koffi = createRequire(__filename)('koffi') as Koffi;
const load = koffi.load.bind(koffi);
koffi.load = (path) => {
  const library = load(path);
  return {
    func: (name, ...signature) => {
      const bound = library.func(name, ...signature) as { async: object };
      return looks.has(name) ? bound : Object.assign(stepping(bound), { async: stepping(bound.async) });
    },
  };
};
