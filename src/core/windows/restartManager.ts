/**
 * Windows' Restart Manager, of which is only asked who uses files; "About Restart Manager" and restartmanager.h. Nothing of what it could do to them is
 * bound. It says who uses any of the files of a session, not which: so a file is asked for alone once somebody uses it.
 */
import type { Holder } from '../holders/holder';
import { SystemError } from '../errors';

/** winerror.h. */
export const ERROR_SUCCESS = 0;
export const ERROR_MORE_DATA = 234;

/** restartmanager.h: in WCHARs, with the zero behind. */
export const SESSION_KEY = 33;
const APP_NAME = 256;
const SERVICE_NAME = 64;

/** RM_PROCESS_INFO of 64-bit Windows: offsets and size in bytes. Its first member is RM_UNIQUE_PROCESS, a DWORD and a FILETIME of two. */
export const PROCESS_INFO = {
  pid: 0,
  startedLow: 4,
  startedHigh: 8,
  appName: 12,
  serviceName: 12 + 2 * APP_NAME,
  applicationType: 12 + 2 * (APP_NAME + SERVICE_NAME),
  size: 12 + 2 * (APP_NAME + SERVICE_NAME) + 4 * 4,
} as const;

/** The functions of rstrtmgr.dll, each with its result: an error of winerror.h. */
export interface RestartManager {
  /** RmStartSession. */
  start(): { readonly result: number; readonly session: number };
  /** RmRegisterResources, of files alone. */
  register(session: number, paths: readonly string[]): number;
  /** RmGetList, with room for so many processes. */
  list(
    session: number,
    room: number,
  ): { readonly result: number; readonly needed: number; readonly filled: number; readonly bytes: Uint8Array };
  /** RmEndSession. */
  end(session: number): number;
}

/** Who uses a file. */
export type FileUser = Pick<Holder, 'process' | 'program' | 'since'>;

/** So often the room is made larger: processes may come faster than they are listed. */
const GROWS = 8;
/** More than may use one set of files, or the answer is wrong. */
const MOST = 1 << 16;
/** 1601-01-01 to 1970-01-01, in milliseconds. */
const EPOCH = 11_644_473_600_000;

/** What was asked of each file. */
export interface UsersOfFiles {
  /** Of those that somebody uses. */
  readonly users: ReadonlyMap<string, readonly FileUser[]>;
  /** Why it is not known of a file, with the number of the error: `E5` is ERROR_ACCESS_DENIED; E234: the list grew on and on. */
  readonly refused: ReadonlyMap<string, SystemError>;
}

/**
 * Who uses which of the files. One session for all if nobody uses any, which is the rule; otherwise the set is halved, and so it is where one of them
 * may be the reason for an error.
 *
 * @param paths full ones, of files and not of folders
 * @throws SystemError with the number of the error if there is no session
 */
export function usersOf(manager: RestartManager, paths: readonly string[]): UsersOfFiles {
  const users = new Map<string, readonly FileUser[]>();
  const refused = new Map<string, SystemError>();
  const rest = [paths];
  for (let some = rest.pop(); some !== undefined; some = rest.pop()) {
    const [first] = some;
    if (first === undefined) {
      continue;
    }
    const found = usersOfAny(manager, some);
    if (some.length > 1) {
      if (found instanceof SystemError || found.length > 0) {
        const half = some.length >> 1;
        rest.push(some.slice(half), some.slice(0, half));
      }
    } else if (found instanceof SystemError) {
      refused.set(first, new SystemError(found.operation, first, found.errno));
    } else if (found.length > 0) {
      users.set(first, found);
    }
  }
  return { users, refused };
}

/** An error that is about these files. @throws SystemError if there is no session */
function usersOfAny(manager: RestartManager, paths: readonly string[]): readonly FileUser[] | SystemError {
  const { result, session } = manager.start();
  if (result !== ERROR_SUCCESS) {
    throw failed('RmStartSession', result);
  }
  try {
    const registered = manager.register(session, paths);
    if (registered !== ERROR_SUCCESS) {
      return failed('RmRegisterResources', registered);
    }
    let room = 0;
    for (let times = 0; times <= GROWS; times++) {
      const list = manager.list(session, room);
      if (list.result === ERROR_SUCCESS) {
        return decodeUsers(list.bytes, Math.min(list.filled, room));
      }
      if (list.result !== ERROR_MORE_DATA) {
        return failed('RmGetList', list.result);
      }
      if (list.needed > MOST) {
        break;
      }
      // More may have come by the next call.
      room = Math.max(list.needed, room) + 4;
    }
    return failed('RmGetList', ERROR_MORE_DATA);
  } finally {
    // There is nothing that a session which cannot be ended would be good for: Windows ends it with the process.
    manager.end(session);
  }
}

/** Total: as many as there are bytes for. */
export function decodeUsers(bytes: Uint8Array, count: number): readonly FileUser[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const users: FileUser[] = [];
  for (let at = 0; users.length < count && at + PROCESS_INFO.size <= bytes.byteLength; at += PROCESS_INFO.size) {
    const low = BigInt(view.getUint32(at + PROCESS_INFO.startedLow, true));
    const high = BigInt(view.getUint32(at + PROCESS_INFO.startedHigh, true));
    // A FILETIME counts tenths of a microsecond.
    const started = Number(((high << 32n) | low) / 10_000n) - EPOCH;
    const service = textAt(view, at + PROCESS_INFO.serviceName, SERVICE_NAME);
    users.push({
      process: { pid: view.getUint32(at + PROCESS_INFO.pid, true), started },
      program: service === '' ? textAt(view, at + PROCESS_INFO.appName, APP_NAME) : service,
      since: started,
    });
  }
  return users;
}

function textAt(view: DataView, at: number, length: number): string {
  let text = '';
  for (let index = 0; index < length; index++) {
    const unit = view.getUint16(at + 2 * index, true);
    if (unit === 0) {
      break;
    }
    text += String.fromCharCode(unit);
  }
  return text;
}

function failed(operation: string, result: number): SystemError {
  return new SystemError(operation, '', `E${result}`);
}
