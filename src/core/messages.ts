import type { EditorsText } from './baseline';
import type { Bell } from './bell';
import type { Claim } from './claim';
import type { ErrorFacts } from './errors';
import type { EndReason, Outcome } from './gate/operations';
import type { Handed, HandedPlace, Locked, Slot } from './gate/ports';
import type { Joined } from './join';
import type { KeptVersion, KeptWhy } from './kept';
import type { GivenUp, Report } from './level';
import type { SaveOptions } from './options';
import type { Room, VetoBy } from './veto';

/** What the stager's thread is started with. */
export interface StagerData {
  /** A folder of Holdfast's own, outside every workspace, that nobody watches. Made if it is not there. */
  readonly storageFolder: string;
  /** The process (thread group id) that reads and writes files for this window. */
  readonly editor: number;
}

/** What the keeper's thread is started with. `P` is a message port. */
export type KeeperData<P = unknown> =
  | {
      /** Carries `KeeperOrder`. */
      readonly orders: P;
      /** A `LeaseTable`. */
      readonly leases: SharedArrayBuffer;
    }
  /** Only to give up leases in a stuck thread's stead: its `LeaseTable`. */
  | { readonly rescue: SharedArrayBuffer };

/** What the extension host tells the stager. `P` is a message port. */
export type Order<P = unknown> =
  | { readonly kind: 'assess'; readonly id: number; readonly path: string; readonly options: SaveOptions }
  | {
      readonly kind: 'save';
      readonly id: number;
      readonly path: string;
      readonly claim: Claim['buffer'];
      /** When we were told of the save: milliseconds since the epoch, the one clock that all threads share. */
      readonly toldAt: number;
      readonly options: SaveOptions;
      /** The new bytes, where they are known. */
      readonly content?: Uint8Array;
    }
  | { readonly kind: 'join'; readonly id: number; readonly path: string; readonly folders: readonly string[] }
  /** The editor has read the document at this path, or written it: what is on the disk now is what its next save believes to overwrite. */
  | { readonly kind: 'matches'; readonly path: string; readonly text?: EditorsText }
  /** What the editor believes to overwrite there is not followed. */
  | { readonly kind: 'unknown'; readonly path: string }
  /** The document at this path has become dirty. */
  | { readonly kind: 'dirty'; readonly path: string; readonly options: SaveOptions }
  /** It was closed or reverted. */
  | { readonly kind: 'clean'; readonly path: string }
  /** The text of save `id` has changed before the editor has written it. */
  | { readonly kind: 'change'; readonly id: number; readonly content: Uint8Array }
  /** The editor calls the document at this path saved. */
  | { readonly kind: 'saved'; readonly path: string }
  /** The one who waited for save or join `id` has given up: cut the work short. It is still answered. */
  | { readonly kind: 'cancel'; readonly id: number }
  /** There is a keeper, behind this port; its `orders` wake it. */
  | { readonly kind: 'keeper'; readonly port: P; readonly orders: Bell }
  | KeptOrder
  /** The user has been told of these kept versions. */
  | { readonly kind: 'toldOfKept'; readonly files: readonly string[] }
  | { readonly kind: 'stop' };

/** What is asked about kept versions; answered by `keptAnswer`. */
export type KeptOrder =
  | { readonly kind: 'listKept'; readonly id: number }
  /** What is at the path now is to be kept, too. */
  | { readonly kind: 'keepCurrent'; readonly id: number; readonly path: string }
  /** It is to be at its path again, where there is nothing now. */
  | { readonly kind: 'putBackKept'; readonly id: number; readonly file: string }
  | { readonly kind: 'removeKept'; readonly id: number; readonly file: string };

/**
 * What the stager tells the extension host. `assess` and `join` are answered once, a stop by the thread's end. So is `save`, by
 * `report`, or, when the keeper has taken it over, by the keeper.
 */
export type Answer =
  | { readonly kind: 'ready'; readonly platform: PlatformReport }
  | { readonly kind: 'report'; readonly id: number; readonly report: Report }
  | { readonly kind: 'joined'; readonly id: number; readonly result: Joined }
  /** A save of `path` has left other names behind; because that is `wanted`, or nobody has said. */
  | { readonly kind: 'separated'; readonly path: string; readonly wanted: boolean }
  /** It has, and they cannot be joined later: what they lead to could not be looked at or noted. */
  | { readonly kind: 'separationUnknown'; readonly path: string; readonly error: ErrorFacts }
  /** With durability `full`, after a gated save: whether the folder has reached the disk. */
  | { readonly kind: 'directorySynced'; readonly id: number; readonly synced: boolean }
  /** A version of `path` that is nowhere else was copied to `file`, or could not be. */
  | { readonly kind: 'kept'; readonly path: string; readonly file: string; readonly why: KeptWhy }
  /** A private clone of the file waits for its save. */
  | { readonly kind: 'clonedAhead'; readonly path: string }
  | { readonly kind: 'notClonedAhead'; readonly path: string; readonly error: ErrorFacts }
  /** What is on the disk could not be looked at when the document became dirty. */
  | { readonly kind: 'notFollowed'; readonly path: string; readonly error: ErrorFacts }
  | { readonly kind: 'notKept'; readonly path: string; readonly why: KeptWhy; readonly error: ErrorFacts }
  /** What a save may leave if it is interrupted could not be written down. */
  | { readonly kind: 'notRecorded'; readonly error: ErrorFacts }
  /** A file was protected against writing when its process died, and is not any more. */
  | { readonly kind: 'unprotected'; readonly path: string }
  /** A file was being healed when its process died; see `Salvage.healed`. */
  | { readonly kind: 'healRecovered'; readonly path: string; readonly how: 'finished' | 'undone' }
  /** Readers of a new version may not be told of it. */
  | { readonly kind: 'flagProblem'; readonly error: ErrorFacts }
  /** An old name was removed: its while is over, or there were too many. */
  | { readonly kind: 'oldNameRemoved'; readonly path: string }
  /** One could not be made, or could not be removed. */
  | { readonly kind: 'oldNameProblem'; readonly error: ErrorFacts }
  /** A temporary name of an earlier process was removed, or could not be. */
  | { readonly kind: 'recovered'; readonly path: string }
  | { readonly kind: 'notRecovered'; readonly error: ErrorFacts }
  /** A kept version was removed because of its age, or because they are too much. */
  | { readonly kind: 'keptExpired'; readonly path: string; readonly file: string }
  /** A kept version, or its record, could not be read, written or removed. */
  | { readonly kind: 'keptProblem'; readonly error: ErrorFacts }
  /** Everything that earlier processes left has been looked at. These kept versions the user has not been told of yet. */
  | { readonly kind: 'recoveryEnded'; readonly untold: readonly string[] }
  | {
      readonly kind: 'keptAnswer';
      readonly id: number;
      /** Of `listKept`, the newest first. */
      readonly versions?: readonly KeptVersion[];
      readonly error?: ErrorFacts;
    };

/** What the stager tells the keeper. */
export type GateOrder =
  /** The path is to be this save's alone, until `unlock` or the end of the gate that `arm` begins. Answered by `locked`. */
  | {
      readonly kind: 'lock';
      readonly id: number;
      readonly place: HandedPlace;
      /** `yield`: it is no save, and waits for saves of this window, too. */
      readonly ifSaved: 'supersede' | 'yield';
    }
  | { readonly kind: 'unlock'; readonly id: number }
  | {
      readonly kind: 'arm';
      readonly id: number;
      readonly place: HandedPlace;
      readonly target: Handed;
      readonly staged: Handed;
      readonly content: Uint8Array;
      readonly editor: number;
      readonly synced: boolean;
      /** What the target is, the editor may not know: it is to be kept if the editor comes. */
      readonly unseen: boolean;
      /**
       * What the new version is without. A target that is given up with its other names is not ours to let the editor write, even
       * if nobody has it open by now.
       */
      readonly givesUp: readonly GivenUp[];
    }
  /** There is nothing to publish, and the editor is to fail; see `gate/veto.ts`. Answered as `arm`. */
  | {
      readonly kind: 'veto';
      readonly id: number;
      readonly place: HandedPlace;
      readonly target: Handed;
      readonly editor: number;
      readonly by: VetoBy;
      readonly because: ErrorFacts;
      readonly room: Room;
    }
  | { readonly kind: 'cloned'; readonly id: number; readonly slot: Slot; readonly handed: Handed }
  | {
      readonly kind: 'restaged';
      readonly id: number;
      /** `undefined`: not asked for; the text has changed. */
      readonly slot: Slot | undefined;
      readonly handed: Handed;
      readonly content: Uint8Array;
      readonly synced: boolean;
    }
  | { readonly kind: 'notCloned' | 'notRestaged'; readonly id: number; readonly error: ErrorFacts }
  /** The staged inode is on the disk. */
  | { readonly kind: 'synced'; readonly id: number; readonly descriptor: number }
  | { readonly kind: 'kept'; readonly id: number };

/** What the keeper tells the stager. */
export type GateRequest =
  | { readonly kind: 'locked'; readonly id: number; readonly how: Locked }
  /** The gate is shut: the editor has been told to go on. */
  | { readonly kind: 'armed'; readonly id: number }
  | {
      readonly kind: 'clone';
      readonly id: number;
      readonly slot: Slot;
      /** What it is to be a clone of. */
      readonly of: Slot;
      readonly descriptor: number;
    }
  | { readonly kind: 'restage'; readonly id: number; readonly slot: Slot }
  /** A new version is at the path. Of the last one, `ended` may be what tells. */
  | { readonly kind: 'published'; readonly id: number }
  | {
      readonly kind: 'keep';
      readonly id: number;
      readonly descriptor: number;
      /** Another program may be writing it, or about to. */
      readonly mayBeWritten: boolean;
    }
  | { readonly kind: 'ended'; readonly id: number; readonly outcome: Outcome };

/** What the extension host tells the keeper. `P` is a message port. */
export type KeeperOrder<P = unknown> =
  | { readonly kind: 'stager'; readonly port: P }
  | { readonly kind: 'over'; readonly id: number; readonly why: EndReason }
  /** The text of save `id` has changed. The stager is told as well, but may not be done with it when the editor writes. */
  | { readonly kind: 'change'; readonly id: number; readonly content: Uint8Array }
  /** Only to be awake. */
  | { readonly kind: 'beat' }
  | { readonly kind: 'stop' };

/** What the keeper tells the extension host. */
export type KeeperAnswer =
  | { readonly kind: 'ready'; readonly orders: number }
  /** @see Outbox.armed */
  | { readonly kind: 'armed'; readonly id: number; readonly ifStopped: 'gateStopped' | 'noRoom' }
  | {
      readonly kind: 'ended';
      readonly id: number;
      readonly outcome: Outcome;
      /** What the file is without by now. */
      readonly givesUp: readonly GivenUp[];
    }
  /** Something was left that the keeper could not remove. */
  | { readonly kind: 'problem'; readonly error: ErrorFacts };

export type PlatformReport =
  | { readonly supported: true }
  | { readonly supported: false; readonly why: 'platform' | 'library'; readonly detail: string };
