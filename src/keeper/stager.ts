/**
 * The stager's thread: everything of a save that may block. Looks at targets, writes new versions, makes clones, syncs; saves
 * that cannot be gated it carries out whole. Long copies and syncs run in Node's pool, which belongs to all extensions of the
 * host: few at once. It decides nothing: that is `core/detach`, `core/gated` and `core/gate`.
 */
import { constants, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import { Claim } from '../core/claim';
import { assess, detach, type Permission } from '../core/detach';
import { describeError, type ErrorFacts } from '../core/errors';
import { gated } from '../core/gated';
import type { Outcome } from '../core/gate/operations';
import type { HandedPlace, Locked } from '../core/gate/ports';
import { report, type Report } from '../core/level';
import { limits, savesAtOnce, syncLimit, syncsAtOnce } from '../core/limits';
import type { Answer, GateOrder, GateRequest, KeptOrder, Order, PlatformReport, StagerData } from '../core/messages';
import type { KeptVersion, KeptWhy } from '../core/kept';
import type { SaveOptions } from '../core/options';
import type { Platform, Prepared, Target, TargetSystem } from '../core/ports';
import { KeptVersions } from '../platform/kept';
import { openPlatform } from '../platform/select';
import { Baselines } from './baselines';
import { StagedSave } from './stagedSave';
import { Turns } from './turns';
import { WhenQuiet } from './whenQuiet';
import { wakeValue } from './wake';

const port = parentPort;
if (!port) throw new Error('the stager runs as a worker thread only');

type SaveOrder = Extract<Order, { kind: 'save' }>;

const { storageFolder, editor } = workerData as StagerData;
const kept = new KeptVersions(join(storageFolder, 'kept'));
const platform = openPlatform({
  workshopFolder: join(storageFolder, 'workshop'),
  ownersFolder: join(storageFolder, 'owners'),
  editor,
  problem: (error) => {
    answer({ kind: 'notRecorded', error: describeError(error) });
  },
});
const baselines = platform.supported ? new Baselines(platform.targets) : undefined;
const turns = new Turns(savesAtOnce);
const syncs = new Turns(syncsAtOnce);
const running = new Map<number, AbortController>();
const gatedSaves = new Map<number, StagedSave>();
/** Saves that wait for their path. */
const locking = new Map<number, (how: Locked) => void>();
let keeper: { readonly port: MessagePort; readonly orders: number } | undefined;

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
  const claim = new Claim(order.claim);
  const controller = new AbortController();
  running.set(order.id, controller);
  const permission: Permission = {
    signal: controller.signal,
    claim: () => claim.claim(),
    waited: () => claim.waited(),
    release: () => claim.release(),
    mayTryAgain: () => now() - order.toldAt < limits.surelyBeforeWrite,
    inTime: (work) => syncInTime(work, syncLimit(order.toldAt + limits.saveGivesUp - now(), turns.underWay)),
  };
  const { targets, expectEditor } = platform;
  try {
    return await turns.take(() => gateOrDetach(targets, order, permission, expectEditor));
  } finally {
    running.delete(order.id);
  }
}

async function gateOrDetach(
  targets: TargetSystem,
  order: SaveOrder,
  permission: Permission,
  expectEditor: () => () => void,
): Promise<Report | undefined> {
  await keepSilentChange(order.path);
  const { content, options } = order;
  if (!content) return detach(targets, order.path, permission, report('bytesUnknown'), options);
  if (!keeper) return detach(targets, order.path, permission, report('gateStopped'), options);
  const cameOrNot = expectEditor();
  const outcome = await gated(
    targets,
    order.path,
    content,
    permission,
    {
      lock: (place) => lock(order.id, place),
      unlock: () => {
        toKeeper({ kind: 'unlock', id: order.id });
      },
      arm: (target, staged) => arm(order.id, target, staged, content, options, permission.signal, cameOrNot),
    },
    options,
  );
  if (outcome.is !== 'armed') cameOrNot();
  switch (outcome.is) {
    case 'armed':
      return undefined;
    case 'reported':
      return outcome.report;
    case 'refused':
      return detach(targets, order.path, permission, outcome.because, options);
  }
}

/** What cannot be looked at now will be refused a moment later, with its reason. */
async function keepSilentChange(path: string): Promise<void> {
  try {
    await baselines?.check(path, (descriptor) => keep(path, descriptor));
  } catch (thrown) {
    answer({ kind: 'notKept', path, why: 'otherProgram', error: describeError(thrown, 'read', path) });
  }
}

async function noteBaseline(path: string): Promise<void> {
  try {
    await baselines?.note(path);
  } catch (thrown) {
    answer({ kind: 'notFollowed', path, error: describeError(thrown, 'read', path) });
  }
}

function arm(
  id: number,
  target: Target,
  staged: Prepared,
  content: Uint8Array,
  { durability }: SaveOptions,
  signal: AbortSignal,
  over: () => void,
): Promise<Outcome | 'armed'> {
  // It has ended since it gave us the path.
  if (!keeper) return Promise.resolve({ kind: 'refused', why: 'stopped' });
  const staging = new StagedSave(id, target, staged, content, signal, {
    toKeeper,
    durability,
    sync: (work) => syncs.take(work),
    syncInTime: (work) => syncInTime(work, limits.sync),
    directorySynced: (synced) => {
      answer({ kind: 'directorySynced', id, synced });
    },
    keep: (descriptor, mayBeWritten) => keep(target.facts.realPath, descriptor, mayBeWritten),
    over,
  });
  gatedSaves.set(id, staging);
  return staging.arm(editor);
}

async function keep(path: string, descriptor: number, mayBeWritten = false): Promise<void> {
  try {
    if (mayBeWritten && platform.supported) await platform.closedForWriting(descriptor, path, limits.closedByOthers);
    await keepAs('otherProgram', path, descriptor);
  } catch {
    // It has been told.
  }
}

async function keepAs(why: KeptWhy, path: string, descriptor: number): Promise<void> {
  try {
    answer({ kind: 'kept', path, file: await kept.keep(descriptor, path, why, Date.now()), why });
  } catch (thrown) {
    answer({ kind: 'notKept', path, why, error: describeError(thrown, 'keep', path) });
    throw thrown;
  }
}

function lock(id: number, place: HandedPlace): Promise<Locked> {
  if (!keeper) return Promise.resolve('stopped');
  const answered = new Promise<Locked>((resolve) => {
    locking.set(id, resolve);
  });
  toKeeper({ kind: 'lock', id, place });
  return answered;
}

function locked(id: number, how: Locked): void {
  locking.get(id)?.(how);
  locking.delete(id);
}

function toKeeper(order: GateOrder): void {
  if (!keeper) return;
  keeper.port.postMessage(order);
  writeSync(keeper.orders, wakeValue);
}

/** The keeper may have told us that the gate is shut, and nobody else: the one who waits is not to wait for ever. */
function refused(id: number, staging: StagedSave, outcome: Outcome): void {
  if (staging.armed) answer({ kind: 'report', id, report: report('gateStopped') });
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

function platformReport(found: Platform): PlatformReport {
  return found.supported ? { supported: true } : { supported: false, why: found.why, detail: found.detail };
}

/** What earlier processes left is looked for once, when nothing else is to be done. */
const recovery = new WhenQuiet(limits.recoveryQuiet, recoverAll);

async function recoverAll(signal: AbortSignal): Promise<void> {
  if (platform.supported) {
    await platform.recover(
      {
        keep: (descriptor, path) => keepAs('interrupted', path, descriptor),
        removed: (path) => {
          answer({ kind: 'recovered', path });
        },
        problem: (error) => {
          answer({ kind: 'notRecovered', error: describeError(error) });
        },
      },
      signal,
    );
  }
  if (signal.aborted) return;
  await aboutKept(async () => {
    for (const { path, file } of await kept.prune(Date.now(), keptProblem)) answer({ kind: 'keptExpired', path, file });
    const untold = (await kept.list(keptProblem)).filter(({ told }) => !told).map(({ file }) => file);
    answer({ kind: 'recoveryEnded', untold });
  });
}

function keptProblem(error: ErrorFacts): void {
  answer({ kind: 'keptProblem', error });
}

async function aboutKept(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    keptProblem(describeError(thrown, 'kept', storageFolder));
  }
}

async function answerKept(order: KeptOrder): Promise<void> {
  const { id } = order;
  try {
    const versions = await obeyKept(order);
    answer({ kind: 'keptAnswer', id, ...(versions ? { versions } : {}) });
  } catch (thrown) {
    const error = describeError(thrown, order.kind, 'path' in order ? order.path : storageFolder);
    keptProblem(error);
    answer({ kind: 'keptAnswer', id, error });
  }
}

async function obeyKept(order: KeptOrder): Promise<readonly KeptVersion[] | undefined> {
  switch (order.kind) {
    case 'listKept':
      return kept.list(keptProblem);
    case 'putBackKept':
      await kept.putBack(order.file);
      return undefined;
    case 'removeKept':
      await kept.remove(order.file);
      return undefined;
    case 'keepCurrent': {
      const file = await open(order.path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        await kept.keep(file.fd, order.path, 'restored', Date.now());
        return undefined;
      } finally {
        await file.close();
      }
    }
  }
}

port.on('message', (order: Order<MessagePort>) => {
  recovery.postpone();
  switch (order.kind) {
    case 'assess':
      answer({
        kind: 'report',
        id: order.id,
        report: platform.supported ? assess(platform.targets, order.path, order.options) : report(platform.why),
      });
      return;
    case 'save':
      void save(order).then((reached) => {
        if (reached) answer({ kind: 'report', id: order.id, report: reached });
      });
      return;
    case 'baseline':
      void noteBaseline(order.path);
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
      void answerKept(order);
      return;
    case 'toldOfKept':
      void aboutKept(() => kept.tell(order.files));
      return;
    case 'stop':
      recovery.giveUp();
      for (const controller of running.values()) controller.abort();
      keeper?.port.close();
      port.close();
  }
});

answer({ kind: 'ready', platform: platformReport(platform) });
