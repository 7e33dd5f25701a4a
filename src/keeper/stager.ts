/**
 * The stager's thread: everything of a save that may block. Looks at targets, writes new versions, makes clones, syncs; saves
 * that cannot be gated it carries out whole. Long copies and syncs run in Node's pool, which belongs to all extensions of the
 * host: few at once. It decides nothing: that is `core/detach`, `core/gated` and `core/gate`.
 */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import type { Baseline } from '../core/baseline';
import type { Bell } from '../core/bell';
import { Claim } from '../core/claim';
import { assess, detach, type Permission } from '../core/detach';
import { describeError, SystemError } from '../core/errors';
import { gated } from '../core/gated';
import type { Outcome } from '../core/gate/operations';
import type { HandedPlace, Locked } from '../core/gate/ports';
import { notJoined, type Joined } from '../core/join';
import { report, type GivenUp, type Report } from '../core/level';
import { limits, savesAtOnce, syncLimit, syncsAtOnce } from '../core/limits';
import type { Answer, GateOrder, GateRequest, Order, PlatformReport, StagerData } from '../core/messages';
import type { SaveOptions } from '../core/options';
import type { Platform, Prepared, Target, TargetSystem } from '../core/ports';
import { decideVeto } from '../core/veto';
import { openPlatform } from '../platform/select';
import { SeparationFiles } from '../platform/separationFiles';
import { Announcements } from './announcements';
import { baselineOf, Baselines, type Keep } from './baselines';
import { ClonesAhead, type ClaimedClone } from './clonesAhead';
import { KeptDesk } from './keptDesk';
import { NameJoiner } from './nameJoiner';
import { OldNameDesk } from './oldNameDesk';
import { StagedSave } from './stagedSave';
import { notVetoed, VetoedSave } from './vetoedSave';
import { SpareTime } from './spareTime';
import { Turns } from './turns';
import { WhenQuiet } from './whenQuiet';
import { ring } from './wake';

const port = parentPort;
if (!port) throw new Error('the stager runs as a worker thread only');

/** Versions of a file for which there must be room: the clone, and the new version. */
const ROOM_FOR_A_SAVE = 2n;

type SaveOrder = Extract<Order, { kind: 'save' }>;

const { storageFolder, editor } = workerData as StagerData;
const kept = new KeptDesk(join(storageFolder, 'kept'), answer);
const platform = openPlatform({
  workshopFolder: join(storageFolder, 'workshop'),
  ownersFolder: join(storageFolder, 'owners'),
  healsFolder: join(storageFolder, 'running'),
  oldNamesFolder: join(storageFolder, 'oldNames'),
  editor,
  problem: (error) => {
    answer({ kind: 'notRecorded', error: describeError(error) });
  },
  oldNameProblem: (error) => {
    answer({ kind: 'oldNameProblem', error: describeError(error) });
  },
  oldNameStays: () => {
    // When that step of the save is over.
    setImmediate(() => oldNames?.look());
  },
  flagProblem: (error) => {
    answer({ kind: 'flagProblem', error: describeError(error) });
  },
});
const announcements = platform.supported ? new Announcements(platform.flags) : undefined;
const baselines = platform.supported ? new Baselines(platform.targets) : undefined;
/** Files that the editor has read or written, and that are not looked at yet. */
const toBeNoted = new Map<string, Baseline | undefined>();
let noting = Promise.resolve();
/** How many gates there are at a file. */
const gatesAt = new Map<string, number>();
const joiner = platform.supported
  ? new NameJoiner(
      platform.targets,
      platform.names,
      new SeparationFiles(join(storageFolder, 'separations')),
      platform.flags,
    )
  : platform;
const oldNames = platform.supported
  ? new OldNameDesk(platform.oldNames, {
      removed: (path) => {
        answer({ kind: 'oldNameRemoved', path });
      },
      problem: (error) => {
        answer({ kind: 'oldNameProblem', error });
      },
    })
  : undefined;
const turns = new Turns(savesAtOnce);
const syncs = new Turns(syncsAtOnce);
const ahead = platform.supported ? new ClonesAhead(platform.targets, (work) => syncs.take(work)) : undefined;
/** Looking ahead, for which nobody waits long, gives way to saves. */
const spare = new SpareTime(limits.lookingAheadWaits);
const running = new Map<number, AbortController>();
const gatedSaves = new Map<number, StagedSave | VetoedSave>();
/** Saves and joins that wait for their path. */
const locking = new Map<number, (how: Locked) => void>();
let keeper: { readonly port: MessagePort; readonly orders: Bell } | undefined;

/** Milliseconds since the epoch, not set back while the process runs. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function answer(message: Answer): void {
  port?.postMessage(message);
}

/** `undefined`: the keeper has taken the save over, and answers. */
async function save(order: SaveOrder): Promise<Report | undefined> {
  if (!platform.supported) return report(platform.why);
  announcements?.begun(order.path);
  const claim = new Claim(order.claim);
  const controller = new AbortController();
  running.set(order.id, controller);
  const permission: Permission = {
    signal: controller.signal,
    claim: () => claim.claim(),
    waited: () => claim.waited(),
    release: () => claim.release(),
    mayTryAgain: () => now() - order.toldAt < limits.surelyBeforeWrite,
    separated: (target) => {
      void separated(order, target);
    },
    makeRoom: (target, refused) => makeRoom(target, refused, order.toldAt + limits.saveGivesUp - now()),
    inTime: (work) => syncInTime(work, syncLimit(order.toldAt + limits.saveGivesUp - now(), turns.underWay)),
  };
  const { targets, expectEditor } = platform;
  const clone = ahead?.claim(order.path);
  try {
    const reached = await turns.take(async () => {
      const found = await gateOrDetach(targets, order, permission, expectEditor, clone);
      return found && orVeto(targets, order, found, permission.signal, expectEditor);
    });
    if (reached) clone?.drop();
    return reached;
  } finally {
    running.delete(order.id);
  }
}

/** Old names go before a save does not get its clone. A quota says nothing of what is left of it. */
async function makeRoom(target: Target, { errno }: SystemError, milliseconds: number): Promise<boolean> {
  const { remote, identity, size } = target.facts;
  if (!remote || !oldNames) return false;
  const enough = (): boolean => errno === 'ENOSPC' && (target.room()?.free ?? 0n) >= size * ROOM_FOR_A_SAVE;
  return oldNames.makeRoom(remote.fileSystem, identity.device, enough, milliseconds);
}

async function gateOrDetach(
  targets: TargetSystem,
  order: SaveOrder,
  permission: Permission,
  expectEditor: () => () => void,
  clone: ClaimedClone | undefined,
): Promise<Report | undefined> {
  const { path, content, options } = order;
  const read = toBeNoted.get(path);
  if (toBeNoted.delete(path)) baselines?.follow(path, read);
  await baselines?.leave(path);
  const ungated = async (because: Report): Promise<Report> => {
    await keepSilentChange(order);
    return detach(targets, path, permission, because, options);
  };
  if (!content) return ungated(report('bytesUnknown'));
  if (!keeper) return ungated(report('gateStopped'));
  const cameOrNot = expectEditor();
  const over = (): void => {
    cameOrNot();
    clone?.drop();
  };
  const outcome = await gated(
    targets,
    path,
    content,
    permission,
    {
      lock: (place) => lock(order.id, place, 'supersede'),
      unlock: () => {
        toKeeper({ kind: 'unlock', id: order.id });
      },
      check: (target) => keepSilentChange(order, target),
      arm: (target, staged, givesUp, unseen) => {
        const cloneAhead = async (): Promise<Prepared | undefined> => clone?.take(target);
        return arm({ ...order, content }, target, staged, { givesUp, unseen }, permission.signal, cloneAhead, over);
      },
    },
    options,
  );
  if (outcome.is !== 'armed') cameOrNot();
  switch (outcome.is) {
    case 'armed':
      return undefined;
    case 'reported':
      await keepSilentChange(order);
      return outcome.report;
    case 'refused':
      return ungated(outcome.because);
  }
}

/** Where going on would destroy the only complete version, the editor is to fail. `undefined`: the keeper sees to that. */
async function orVeto(
  targets: TargetSystem,
  order: SaveOrder,
  found: Report,
  signal: AbortSignal,
  expectEditor: () => () => void,
): Promise<Report | undefined> {
  const isGivenUp = (): boolean => signal.aborted;
  if (found.reason !== 'noRoom' || !keeper || isGivenUp()) return found;
  const { id, path, content } = order;
  let target: Target | undefined;
  let ours = false;
  try {
    target = targets.open(path);
    if (!target) return found;
    const decided = decideVeto(target, found, content && BigInt(content.length));
    if (decided.is === 'leave') return decided.report;
    const { by, room } = decided;
    const how = await lock(id, target.place, 'supersede');
    ours = how === 'atOnce' || how === 'waited';
    // It may be writing by now.
    if (!ours || isGivenUp()) return { ...found, room };
    const because = found.error ?? describeError(new SystemError('statfs', path, 'ENOSPC'));
    const saving = new VetoedSave(id, target, by, expectEditor());
    target = undefined;
    ours = false;
    gatedSaves.set(id, saving);
    const outcome = await saving.arm(toKeeper, { editor, by, because, room });
    return outcome === 'armed' ? undefined : notVetoed(outcome, room);
  } catch (thrown) {
    return { ...found, error: describeError(thrown, 'veto', path) };
  } finally {
    target?.close();
    if (ours) toKeeper({ kind: 'unlock', id });
  }
}

/**
 * What cannot be looked at now will be refused a moment later, with its reason.
 *
 * @param target what a gate is about to be shut on, if there is one
 * @returns as `Baselines.check`
 */
async function keepSilentChange({ path, claim, content }: SaveOrder, target?: Target): Promise<boolean> {
  const isHeldUp = (): boolean => new Claim(claim).isWaitedFor();
  // Why it could not be kept has been told.
  const keepIt: Keep = (why, descriptor, seen) => kept.keep(why, path, descriptor, seen).catch(() => undefined);
  try {
    return (await baselines?.check(path, keepIt, { content, isHeldUp }, target)) ?? false;
  } catch (thrown) {
    answer({ kind: 'notKept', path, why: 'otherProgram', error: describeError(thrown, 'read', path) });
    return false;
  }
}

/** Nobody waits for that: one after the other, and not before the gate of a save has ended, which may put another version there. */
function noteInSpareTime(path: string, read: Baseline | undefined): void {
  toBeNoted.set(path, read);
  if (gatesAt.has(path)) return;
  spare.add(() => {
    noting = noting.then(async () => {
      const latest = toBeNoted.get(path);
      if (!gatesAt.has(path) && toBeNoted.delete(path)) await noted(path, baselines?.note(path, latest));
    });
  });
}

async function noted(path: string, look: Promise<void> | undefined): Promise<void> {
  try {
    await look;
  } catch (thrown) {
    answer({ kind: 'notFollowed', path, error: describeError(thrown, 'read', path) });
  }
}

/** What came since the editor has read the file is what is to be found. */
function noteDirty(path: string): Promise<void> | undefined {
  const read = toBeNoted.get(path);
  if (toBeNoted.delete(path)) return noted(path, baselines?.note(path, read));
  return baselines?.follows(path) ? baselines.settled(path) : noted(path, baselines?.noteLate(path));
}

async function becameDirty(path: string, options: SaveOptions): Promise<void> {
  const baseline = noteDirty(path);
  const turn = new Promise<void>((resolve) => {
    spare.add(resolve);
  });
  try {
    if (await ahead?.prepare(path, options, Promise.all([baseline, turn]))) answer({ kind: 'clonedAhead', path });
  } catch (thrown) {
    answer({ kind: 'notClonedAhead', path, error: describeError(thrown, 'clone', path) });
  }
}

/** Whoever closes the target afterwards need not wait for it. */
async function separated({ path, options }: SaveOrder, target: Target): Promise<void> {
  try {
    if (joiner instanceof NameJoiner && (await joiner.note(target)))
      answer({ kind: 'separated', path, wanted: options.hardLinks === 'newFile' });
  } catch (thrown) {
    answer({ kind: 'separationUnknown', path, error: describeError(thrown, 'note', path) });
  }
}

async function joinNames({ id, path, folders }: Extract<Order, { kind: 'join' }>): Promise<Joined> {
  if (!(joiner instanceof NameJoiner)) return notJoined(joiner.why);
  const controller = new AbortController();
  running.set(id, controller);
  try {
    return await joiner.join(path, folders, controller.signal, {
      lock: (place) => lock(id, place, 'yield'),
      unlock: () => {
        toKeeper({ kind: 'unlock', id });
      },
    });
  } finally {
    running.delete(id);
  }
}

function arm(
  order: SaveOrder & { readonly content: Uint8Array },
  target: Target,
  staged: Prepared,
  { givesUp, unseen }: { readonly givesUp: readonly GivenUp[]; readonly unseen: boolean },
  signal: AbortSignal,
  cloneAhead: () => Promise<Prepared | undefined>,
  over: () => void,
): Promise<Outcome | 'armed'> {
  // It has ended since it gave us the path.
  if (!keeper) {
    staged.close();
    target.close();
    over();
    return Promise.resolve({ kind: 'refused', why: 'stopped' });
  }
  const { id, path, content, options } = order;
  gatesAt.set(path, (gatesAt.get(path) ?? 0) + 1);
  const staging = new StagedSave(id, target, staged, content, signal, {
    toKeeper,
    durability: options.durability,
    givesUp,
    cloneAhead,
    sync: (work) => syncs.take(work),
    syncInTime: (work) => syncInTime(work, limits.sync),
    directorySynced: (synced) => {
      answer({ kind: 'directorySynced', id, synced });
    },
    keep: (descriptor, mayBeWritten) => keep(target.facts.realPath, descriptor, mayBeWritten),
    separated: (lost) => {
      void separated(order, lost);
    },
    published: (place) => announcements?.published(path, place),
    writtenInPlace: () => announcements?.writtenInPlace(path),
    over: () => {
      over();
      const left = (gatesAt.get(path) ?? 1) - 1;
      if (left > 0) gatesAt.set(path, left);
      else gatesAt.delete(path);
      if (toBeNoted.has(path)) noteInSpareTime(path, toBeNoted.get(path));
    },
  });
  gatedSaves.set(id, staging);
  return staging.arm(editor, unseen);
}

async function keep(path: string, descriptor: number, mayBeWritten = false): Promise<void> {
  try {
    if (mayBeWritten && platform.supported) await platform.closedForWriting(descriptor, path, limits.closedByOthers);
  } catch (thrown) {
    // Then it is copied as it is.
    answer({ kind: 'keptProblem', error: describeError(thrown, 'wait', path) });
  }
  // Why it could not be kept has been told.
  await kept.keep('otherProgram', path, descriptor).catch(() => undefined);
}

function lock(id: number, place: HandedPlace, ifSaved: 'supersede' | 'yield'): Promise<Locked> {
  if (!keeper) return Promise.resolve('stopped');
  const answered = new Promise<Locked>((resolve) => {
    locking.set(id, resolve);
  });
  toKeeper({ kind: 'lock', id, place, ifSaved });
  return answered;
}

function locked(id: number, how: Locked): void {
  locking.get(id)?.(how);
  locking.delete(id);
}

function toKeeper(order: GateOrder): void {
  if (!keeper) return;
  keeper.port.postMessage(order);
  ring(keeper.orders);
}

/** The keeper may have told us that the gate is shut, and nobody else: the one who waits is not to wait for ever. */
function refused(id: number, staging: StagedSave | VetoedSave, outcome: Outcome): void {
  if (staging.armed) answer({ kind: 'report', id, report: report(staging.ifStopped) });
  staging.end(outcome);
}

function fromKeeper(request: GateRequest): void {
  if (request.kind === 'locked') {
    locked(request.id, request.how);
    return;
  }
  const staging = gatedSaves.get(request.id);
  if (staging && request.kind === 'ended' && request.outcome.kind === 'refused') {
    refused(request.id, staging, request.outcome);
  } else staging?.serve(request);
  if (request.kind === 'ended') gatedSaves.delete(request.id);
}

function withoutKeeper(): void {
  keeper = undefined;
  for (const [id, staging] of gatedSaves) refused(id, staging, { kind: 'refused', why: 'stopped' });
  gatedSaves.clear();
  for (const id of [...locking.keys()]) locked(id, 'stopped');
}

async function syncInTime(work: () => Promise<void>, milliseconds: number): Promise<boolean> {
  if (milliseconds <= 0) return false;
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      over = true;
      resolve(false);
    }, milliseconds);
  });
  const synced = syncs.take(async () => {
    if (over) return false;
    await work();
    return true;
  });
  try {
    return await Promise.race([synced, late]);
  } finally {
    clearTimeout(timer);
  }
}

function look({ path, options }: Extract<Order, { kind: 'assess' }>): Report {
  if (!platform.supported) return report(platform.why);
  const foreseen = assess(platform.targets, path, options);
  return joiner instanceof NameJoiner && joiner.isSeparated(path) ? { ...foreseen, separated: true } : foreseen;
}

function platformReport(found: Platform): PlatformReport {
  return found.supported ? { supported: true } : { supported: false, why: found.why, detail: found.detail };
}

/** What earlier processes left is looked for once, when nothing else is to be done. */
const recovery = new WhenQuiet(limits.recoveryQuiet, recoverAll);

async function recoverAll(signal: AbortSignal): Promise<void> {
  if (platform.supported) {
    await platform.recover(
      {
        keep: (descriptor, path) => kept.keep('interrupted', path, descriptor),
        removed: (path) => {
          answer({ kind: 'recovered', path });
        },
        unprotected: (path) => {
          answer({ kind: 'unprotected', path });
        },
        healed: (path, how) => {
          answer({ kind: 'healRecovered', path, how });
        },
        problem: (error) => {
          answer({ kind: 'notRecovered', error: describeError(error) });
        },
      },
      signal,
    );
  }
  if (!signal.aborted) oldNames?.look();
  if (platform.supported) await platform.flags.tidy(signal);
  if (signal.aborted) return;
  const untold = await kept.prune();
  if (untold) answer({ kind: 'recoveryEnded', untold });
}

port.on('message', (order: Order<MessagePort>) => {
  recovery.postpone();
  switch (order.kind) {
    case 'assess':
      spare.add(() => {
        answer({ kind: 'report', id: order.id, report: look(order) });
      });
      return;
    case 'save': {
      const dealtWith = save(order).then((reached) => {
        if (reached) answer({ kind: 'report', id: order.id, report: reached });
      });
      spare.giveWayTo(dealtWith);
      return;
    }
    case 'matches':
      noteInSpareTime(order.path, order.text && baselineOf(order.text));
      return;
    case 'unknown':
      toBeNoted.delete(order.path);
      baselines?.forget(order.path);
      return;
    case 'dirty':
      void becameDirty(order.path, order.options);
      return;
    case 'clean':
      ahead?.drop(order.path);
      return;
    case 'saved':
      announcements?.saved(order.path);
      return;
    case 'join':
      void joinNames(order).then((result) => {
        answer({ kind: 'joined', id: order.id, result });
      });
      return;
    case 'change':
      gatedSaves.get(order.id)?.change(order.content);
      return;
    case 'cancel':
      running.get(order.id)?.abort();
      return;
    case 'keeper':
      withoutKeeper();
      keeper = order;
      order.port.on('message', fromKeeper);
      order.port.on('close', () => {
        if (keeper === order) withoutKeeper();
      });
      return;
    case 'listKept':
    case 'keepCurrent':
    case 'putBackKept':
    case 'removeKept':
      void kept.serve(order);
      return;
    case 'toldOfKept':
      void kept.told(order.files);
      return;
    case 'stop':
      recovery.giveUp();
      spare.giveUp();
      oldNames?.end();
      for (const controller of running.values()) controller.abort();
      keeper?.port.close();
      port.close();
  }
});

answer({ kind: 'ready', platform: platformReport(platform) });
