import type { Permission } from './detach';
import { describeError, SystemError } from './errors';
import type { Outcome } from './gate/operations';
import type { HandedPlace, Locked } from './gate/ports';
import { report, type GivenUp, type Report } from './level';
import { planWithLosses } from './losses';
import { defaultOptions, type SaveOptions } from './options';
import { planByGate, planTarget } from './plan';
import { refusal } from './refusal';
import type { Prepared, Target, TargetSystem } from './ports';
import { surelyNoRoom } from './veto';

/**
 * - `armed`: the gate is shut, the editor may go on, and target and staged version belong to the save now.
 * - `reported`: the save stays as it is.
 * - `refused`: there is no gate to be had; a private clone may be.
 */
export type Gated =
  | { readonly is: 'armed' }
  | { readonly is: 'reported'; readonly report: Report }
  | { readonly is: 'refused'; readonly because: Report };

/** What a save asks of the keeper before it is the keeper's. None of it rejects. */
export interface GateDoor {
  /** Gets the path for this save alone. */
  lock(place: HandedPlace): Promise<Locked>;
  unlock(): void;
  /** Keeps what the editor would overwrite there without a word. Whether there is something that it may not know, and will most likely refuse. */
  check(target: Target): Promise<boolean>;
  /** Takes target, staged version and the path, whatever it answers. `unseen`: what `check` says. */
  arm(target: Target, staged: Prepared, givesUp: readonly GivenUp[], unseen: boolean): Promise<Outcome | 'armed'>;
}

/** A target whose plan is a gate. */
interface Looked {
  readonly target: Target;
  readonly planned: Report;
}

/**
 * Everything before the gate: the plan, the path for this save alone, and the new version with all that the target carries.
 * Never rejects.
 *
 * @param options what the settings say
 */
export async function gated(
  system: TargetSystem,
  path: string,
  content: Uint8Array,
  permission: Permission,
  door: GateDoor,
  options: SaveOptions = defaultOptions,
): Promise<Gated> {
  let target: Target | undefined;
  let ours = false;
  try {
    const first = look(system, path, content.length, options);
    if ('is' in first) return first;
    target = first.target;
    let { planned } = first;
    const { place } = target;
    // Side by side: whether the path is free is known to another thread.
    const locking = door.lock(place);
    const staging = versionOf(target, content, permission);
    const [how] = await Promise.all([locking, Promise.allSettled([staging])]);
    ours = how === 'atOnce' || how === 'waited';
    let staged = await staging;
    // What another window has saved before the path was ours makes it a version of something else.
    if (staged && (how !== 'atOnce' || !target.isCurrent())) {
      staged.close();
      staged = undefined;
    }
    if (how === 'otherWindow') return refused(report('otherWindow'));
    if (how === 'stopped') return refused(report('gateStopped'));
    if (!staged) {
      target.close();
      target = undefined;
      const second = look(system, path, content.length, options);
      if ('is' in second) return second;
      target = second.target;
      planned = second.planned;
      // A link leads elsewhere by now.
      if (!isSamePlace(place, target.place)) return refused(report('gateRefused', { gate: 'changed' }));
      staged = await target.prepareVersion(content, permission.signal);
    }
    const settled = planWithLosses(target, planned, staged.losses, options);
    if (settled.level !== 'gated') {
      staged.close();
      return reported(settled);
    }
    const unseen = await door.check(target);
    const taken = target;
    target = undefined;
    ours = false;
    return await armed(door.arm(taken, staged, settled.givesUp ?? [], unseen), path);
  } catch (thrown) {
    // Something keeps touching the target: a detached save looks more often.
    if (SystemError.is(thrown, 'ESTALE')) return refused(report('gateRefused', { error: describeError(thrown) }));
    return reported(refusal(thrown, path));
  } finally {
    target?.close();
    if (ours) door.unlock();
  }
}

/** `undefined`: the target was touched since it was looked at, by another window that was done before the path was ours. */
async function versionOf(target: Target, content: Uint8Array, { signal }: Permission): Promise<Prepared | undefined> {
  try {
    return await target.prepareVersion(content, signal);
  } catch (thrown) {
    if (SystemError.is(thrown, 'ESTALE')) return undefined;
    throw thrown;
  }
}

/** What is returned with its target is the caller's to close. */
function look(system: TargetSystem, path: string, bytes: number, options: SaveOptions): Looked | Gated {
  const target = system.open(path);
  if (!target) return reported(report('newFile'));
  let planned: Report | undefined;
  try {
    // What it can be given instead is planned where it is given: who uses it is not to be searched for twice.
    if (!target.facts.gate.gate) return refused(planByGate(target.facts));
    planned = planTarget(target, options, 'quick');
    if (planned.level === 'gated') planned = surelyNoRoom(target, bytes) ?? planned;
    return planned.level === 'gated' ? { target, planned } : reported(planned);
  } finally {
    if (planned?.level !== 'gated') target.close();
  }
}

function isSamePlace(one: HandedPlace, other: HandedPlace): boolean {
  return (
    one.directoryIdentity.device === other.directoryIdentity.device &&
    one.directoryIdentity.inode === other.directoryIdentity.inode &&
    one.name.length === other.name.length &&
    one.name.every((byte, at) => byte === other.name[at])
  );
}

async function armed(answer: Promise<Outcome | 'armed'>, path: string): Promise<Gated> {
  const outcome = await answer;
  if (outcome === 'armed') return { is: 'armed' };
  if (outcome.kind === 'refused' && outcome.why === 'noClone' && outcome.error) {
    const { errno, operation } = outcome.error;
    const reason = refusal(new SystemError(operation, path, errno), path);
    if (reason.reason === 'noRoom') return reported(reason);
  }
  if (outcome.kind === 'published') return refused(report('gateRefused'));
  const { why, error } = outcome;
  return refused(report(why === 'otherWindow' ? why : 'gateRefused', error ? { gate: why, error } : { gate: why }));
}

function refused(because: Report): Gated {
  return { is: 'refused', because };
}

function reported(reached: Report): Gated {
  return { is: 'reported', report: reached };
}
