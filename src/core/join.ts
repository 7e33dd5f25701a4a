/**
 * *Join the names again*: after a save that has taken a path from an inode with other names, these are made to lead to the inode
 * that the path leads to now.
 *
 *   known ──► searched ──► verified ──► locked ──► joined
 *     │           │            │           │
 *     ▼           ▼            ▼           ▼
 *   refused   cancelled     changed     refused
 *
 * - known: a save has noted which inode it was (`separation.ts`). Nothing pins it: while it has names, its number stays its own,
 *   and a number that was used again is recognised.
 * - searched: the kernel does not tell the names of an inode. They are looked for in the folder of the file and in those that the
 *   caller names, on the same file system, without following symbolic links or crossing mounts.
 * - verified: the inode still has the bytes and attributes that the save has displaced. If another program has changed it since,
 *   its names are left alone: they lead to the only copy of that.
 * - locked: no save of this path is under way in any window; the path leads to a complete file that no editor is about to write.
 * - joined: each name was exchanged with a temporary one beside it that leads to the path's inode, and the old inode was found at
 *   the temporary one, untouched. Otherwise what came out was put back. No inode is written; who has the old one open keeps it.
 */
import { describeError, type ErrorFacts, type SystemError } from './errors';
import { because, leftAlone, message, texts, type Message } from './text';

/** Why a name was left as it is. Of `changed` and `replaced` nothing is joined later on, either. */
export type LeftWhy =
  'changed' | 'replaced' | 'otherMount' | 'tooManyNames' | 'notPermitted' | 'mountPoint' | 'notSupported' | 'failed';

export interface Left {
  readonly path: string;
  readonly why: LeftWhy;
  readonly error?: ErrorFacts;
}

/** Why no name was touched. `gone`: the path does not lead to a file that names could be joined to. */
export type NotJoinedWhy =
  'nothingKnown' | 'gone' | 'busy' | 'cancelled' | 'platform' | 'library' | 'stopped' | 'failed';

export type Joined =
  | {
      readonly is: 'done';
      /** Names that lead to the path's inode now. */
      readonly joined: number;
      readonly left: readonly Left[];
      /** Names that were not found, as the kernel counts them. */
      readonly missing: number;
      /** The time was over before all folders were searched. */
      readonly late?: true;
      /** Why it could not be noted that they are joined. */
      readonly error?: ErrorFacts;
    }
  | { readonly is: 'refused'; readonly why: NotJoinedWhy; readonly error?: ErrorFacts };

export function notJoined(why: NotJoinedWhy, error?: ErrorFacts): Joined {
  return error ? { is: 'refused', why, error } : { is: 'refused', why };
}

/** What linkat(2) and renameat2(2) say of one name. */
export function leftBecause(path: string, thrown: SystemError): Left {
  return { path, why: whyOf(thrown.errno), error: describeError(thrown) };
}

function whyOf(errno: string): LeftWhy {
  switch (errno) {
    case 'ENOENT':
      return 'replaced';
    case 'EXDEV':
      return 'otherMount';
    case 'EMLINK':
      return 'tooManyNames';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'notPermitted';
    case 'EBUSY':
      return 'mountPoint';
    case 'EINVAL':
    case 'ENOSYS':
    case 'EOPNOTSUPP':
      return 'notSupported';
    default:
      return 'failed';
  }
}

/** What the user is told. */
export interface JoinNotice {
  readonly severity: 'information' | 'warning';
  readonly message: Message;
  /** Names may be in other folders than those that were searched. */
  readonly searchOn: boolean;
}

/** @param name the file's base name. `undefined`: the user has cancelled it, and knows. */
export function joinNotice(name: string, result: Joined): JoinNotice | undefined {
  if (result.is === 'refused') return refusal(name, result.why, result.error);
  const { joined, left, missing, late = false } = result;
  const all = joined + left.length + missing;
  const [first] = left;
  const searchOn = missing > 0;
  if (first) {
    const why = message(leftAlone[first.why], first.path, first.error?.errno ?? '?');
    return { severity: 'warning', message: message(texts.joinedSome, joined, all, name, why), searchOn };
  }
  if (!searchOn) return { severity: 'information', message: message(texts.joinedAll, name), searchOn };
  const found =
    joined > 0
      ? message(texts.joinedSome, joined, all, name, message(late ? texts.namesNotInTime : texts.namesElsewhere))
      : message(late ? texts.noneInTime : texts.noneFound, name);
  return { severity: 'information', message: found, searchOn };
}

function refusal(name: string, why: NotJoinedWhy, error: ErrorFacts | undefined): JoinNotice | undefined {
  const notice = (severity: JoinNotice['severity'], told: Message): JoinNotice => ({
    severity,
    message: told,
    searchOn: false,
  });
  switch (why) {
    case 'cancelled':
      return undefined;
    case 'nothingKnown':
      return notice('information', message(texts.nothingToJoin, name));
    case 'platform':
    case 'library':
      return notice('information', message(texts.notJoinedHere, name, message(because[why])));
    case 'gone':
      return notice('warning', message(texts.nothingToJoinTo, name));
    case 'busy':
      return notice('warning', message(texts.joinBusy, name));
    case 'stopped':
      return notice('warning', message(texts.notJoinedHere, name, message(because.keeperStopped)));
    case 'failed':
      return notice('warning', message(texts.notJoinedHere, name, message(because.failed, error?.errno ?? '?')));
  }
}
