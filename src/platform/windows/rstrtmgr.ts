/** rstrtmgr.dll, and beside `linux/libc.ts` the only import of koffi. */
import type * as Koffi from 'koffi';
import { SystemError } from '../../core/errors';
import { PROCESS_INFO, SESSION_KEY, type RestartManager } from '../../core/windows/restartManager';

type Native = (...values: readonly unknown[]) => number;

/**
 * @param path of the library: the system's own, by its full path, or Windows would look for it elsewhere, too
 * @throws Error of koffi's if its binary for this system is missing, or a function; SystemError UNKNOWN: the library cannot be loaded
 */
export function loadRestartManager(path: string): RestartManager {
  // At call time, not at import: packages for other systems come without it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- lazily
  const koffi = require('koffi') as typeof Koffi;
  const library = load(koffi, path);
  const bind = (name: string, ...parameters: readonly string[]): Native =>
    library.func(name, 'uint32', [...parameters]);
  const startSession = bind('RmStartSession', 'void *', 'uint32', 'void *');
  const registerResources = bind(
    'RmRegisterResources',
    'uint32',
    'uint32',
    'str16 *',
    'uint32',
    'void *',
    'uint32',
    'void *',
  );
  const getList = bind('RmGetList', 'uint32', 'void *', 'void *', 'void *', 'void *');
  const endSession = bind('RmEndSession', 'uint32');
  return {
    start() {
      const handle = new Uint32Array(1);
      // Windows writes the key of the session there, which others could join it by.
      const result = startSession(handle, 0, new Uint16Array(SESSION_KEY));
      return { result, session: handle[0] ?? 0 };
    },
    register: (session, paths) => registerResources(session, paths.length, [...paths], 0, null, 0, null),
    list(session, room) {
      const needed = new Uint32Array(1);
      const count = new Uint32Array([room]);
      const reasons = new Uint32Array(1);
      const bytes = new Uint8Array(room * PROCESS_INFO.size);
      const result = getList(session, needed, count, room === 0 ? null : bytes, reasons);
      return { result, needed: needed[0] ?? 0, filled: count[0] ?? 0, bytes };
    },
    end: (session) => endSession(session),
  };
}

/** Which one it was koffi does not say. */
function load(koffi: typeof Koffi, path: string): ReturnType<typeof Koffi.load> {
  try {
    return koffi.load(path);
  } catch (thrown) {
    throw new SystemError('load', path, 'UNKNOWN', thrown);
  }
}
