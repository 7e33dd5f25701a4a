/**
 * The save at level `detached`: before the editor truncates and writes, a private clone of the target is put at its
 * path, so that the editor's write lands on an inode that nobody else has.
 *
 *   examined ──► staged ──► synced ──► claimed ──► published
 *      │            │                     │            │
 *      ▼            ▼                     ▼            ▼
 *    refused     unfaithful           abandoned     changed ──► examined (once more), then refused
 *
 * - examined: the target is open, its inode pinned. Nothing has been made. The plan says what it can be given;
 *   anything that cannot be replaced ends here (refused) and the save stays as it is.
 * - staged: a complete clone exists that no name leads to. If it lacks anything that the target has and that is not to be
 *   given up (unfaithful), it is dropped and the save stays as it is.
 * - synced: the clone is on the disk, or the time for that is over. Going on without is better than not going on: an
 *   in-place save would truncate the only copy at once. With durability `none` nobody waits.
 * - claimed: the caller, who waits for us with a deadline, can no longer give up. Before this state it can at any
 *   moment (abandoned); then nothing is ever renamed, because the editor may be writing already.
 * - published: one atomic rename has put the clone at the path. The displaced inode lives on with its holders, unchanged;
 *   on a network file system it keeps a hidden name for a while (`oldNames.ts`).
 *   With durability `full` the folder goes to the disk now, if there is time.
 * - changed: somebody else replaced or rewrote the file since it was examined. Their version is at the path. The claim
 *   is given back before the next try. Unreachable, the clone could not be linked where it is needed, ends the same way:
 *   the next one is made elsewhere.
 *
 * At every exit before `published` the path leads to what it led to before.
 */
import { SystemError } from './errors';
import { report, type Report } from './level';
import { planWithLosses } from './losses';
import { keepOldName } from './oldNames';
import { defaultOptions, type SaveOptions } from './options';
import { planTarget } from './plan';
import type { Staged, Target, TargetSystem } from './ports';
import { refusal } from './refusal';
import { foreseeVeto } from './veto';

/** How the one who waits for the save and the one who carries it out agree on who decides. */
export interface Permission {
  /** Aborted when the waiting side gives up. */
  readonly signal: AbortSignal;
  /** True if the waiting side has not given up; during this attempt it cannot any more. */
  claim(): boolean;
  /** After the rename: whether the waiting side has waited all the time. */
  waited(): boolean;
  /** Ends the claim of an attempt that has renamed nothing. True if the waiting side still waits. */
  release(): boolean;
  /** Whether the editor cannot have begun to write: a second try would take its half-written file for the old version. */
  mayTryAgain(): boolean;
  /** The target has lost its path to a clone, and has other names. It is closed after that. */
  separated(target: Target): void;
  /** Removes what the target's file system may be without, in time. Whether anything is gone by now. Never rejects. */
  makeRoom?(target: Target, refused: SystemError): Promise<boolean>;
  /** Whether `work` was begun and ended in time to be waited for. Rejects as `work` does. */
  inTime(work: () => Promise<void>): Promise<boolean>;
}

/** Another program's change between our look and our rename is met with a second try, no more. */
const tries = 2;

/**
 * Total: never rejects.
 *
 * @param because at level `detached`: why it is not the gate
 * @param options what the settings say
 */
export async function detach(
  system: TargetSystem,
  path: string,
  permission: Permission,
  because: Report,
  options: SaveOptions = defaultOptions,
): Promise<Report> {
  try {
    for (let attempt = 1; attempt <= tries; attempt++) {
      const outcome = await attemptDetach(system, path, permission, options, because);
      if (outcome !== 'again') return outcome;
      if (!permission.mayTryAgain()) break;
    }
    return report('changedMeanwhile');
  } catch (error) {
    return refusal(error, path);
  }
}

async function attemptDetach(
  system: TargetSystem,
  path: string,
  permission: Permission,
  options: SaveOptions,
  reached: Report,
): Promise<Report | 'again'> {
  const target = system.open(path);
  if (!target) return report('newFile');
  try {
    const planned = planTarget(target, options, 'quick');
    if (planned.level !== 'gated' && planned.level !== 'detached') return planned;
    const staged = await stageInRoom(target, permission);
    try {
      return await publish(target, planned, staged, permission, options, reached);
    } finally {
      staged.close();
    }
  } catch (error) {
    // The bytes changed under the copy: there is no clone of a version that never was.
    if (SystemError.is(error, 'ESTALE')) return 'again';
    throw error;
  } finally {
    target.close();
  }
}

/** Old names must not be what a save has no room for. Nothing is claimed yet, and whoever has changed the file since is found by `publish`. */
async function stageInRoom(target: Target, permission: Permission): Promise<Staged> {
  try {
    return await target.stage(permission.signal);
  } catch (error) {
    if (!SystemError.is(error, 'ENOSPC', 'EDQUOT') || permission.signal.aborted) throw error;
    if (!(await permission.makeRoom?.(target, error))) throw error;
    return target.stage(permission.signal);
  }
}

async function publish(
  target: Target,
  planned: Report,
  staged: Staged,
  permission: Permission,
  options: SaveOptions,
  reached: Report,
): Promise<Report | 'again'> {
  const { durability } = options;
  const settled = planWithLosses(target, planned, staged.losses, options);
  if (settled.level !== 'gated' && settled.level !== 'detached') return settled;
  const { givesUp } = settled;
  const synced = durability !== 'none' && (await permission.inTime(() => staged.sync()));
  if (permission.signal.aborted || !permission.claim()) return report('tooSlow');
  if (staged.publish(keepOldName(target.facts, options)) === 'published') {
    if (target.facts.links > 1n) permission.separated(target);
    const disk =
      durability === 'full' ? { synced, directorySynced: await directorySynced(target, permission) } : { synced };
    // A rename that took so long that the editor may have been let go before it: nobody knows what the editor hit.
    return { ...(permission.waited() ? reached : report('tooSlow')), ...disk, ...(givesUp ? { givesUp } : {}) };
  }
  return permission.release() ? 'again' : report('tooSlow');
}

/** What cannot be synced is published all the same. */
async function directorySynced(target: Target, permission: Permission): Promise<boolean> {
  try {
    return await permission.inTime(() => target.syncDirectory());
  } catch (error) {
    if (error instanceof SystemError) return false;
    throw error;
  }
}

/**
 * Foresees what `detach` would reach, by looking only: even a nameless file would show up in directory watchers (the
 * kernel reports changes to it as `#<inode>`). Total: never throws.
 */
export function assess(system: TargetSystem, path: string, options: SaveOptions = defaultOptions): Report {
  try {
    const target = system.open(path);
    if (!target) return report('newFile');
    try {
      const planned = planTarget(target, options, 'thorough');
      if (planned.level !== 'gated' && planned.level !== 'detached') return planned;
      return foreseeVeto(target) ?? withMounts(planned, target.mounts());
    } finally {
      target.close();
    }
  } catch (error) {
    return refusal(error, path);
  }
}

/** Whoever has mounted the file itself keeps the old version. In a save there is no time to look. */
function withMounts(planned: Report, at: readonly string[]): Report {
  return at.length > 0 ? { ...planned, givesUp: [...(planned.givesUp ?? []), { what: 'mounts', at }] } : planned;
}
