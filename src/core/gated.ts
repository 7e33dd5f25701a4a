import type { Permission } from './detach';
import { describeError, SystemError } from './errors';
import type { Outcome } from './gate/operations';
import { isDetached, lossReport, report, type Report } from './level';
import { defaultOptions, type SaveOptions } from './options';
import { planTarget } from './plan';
import { refusal } from './refusal';
import type { Prepared, Target, TargetSystem } from './ports';

/**
 * - `armed`: the gate is shut, the editor may go on, and target and staged version belong to the save now.
 * - `reported`: the save stays as it is.
 * - `refused`: there is no gate to be had; a private clone may be.
 */
export type Gated =
  | { readonly is: 'armed' }
  | { readonly is: 'reported'; readonly report: Report }
  | { readonly is: 'refused'; readonly because: Report };

/**
 * Everything before the gate: the plan, and the new version with all that the target carries.
 *
 * @param arm takes target and staged version, whatever it answers. Never rejects: never throws
 * @param options what the settings say
 */
export async function gated(
  system: TargetSystem,
  path: string,
  content: Uint8Array,
  permission: Permission,
  arm: (target: Target, staged: Prepared) => Promise<Outcome | 'armed'>,
  options: SaveOptions = defaultOptions,
): Promise<Gated> {
  let target: Target | undefined;
  try {
    target = system.open(path);
    if (!target) return reported(report('newFile'));
    const planned = planTarget(target, options, 'quick');
    if (isDetached(planned.reason)) return refused(report(planned.reason));
    if (planned.level !== 'gated') return reported(planned);
    const staged = await target.prepareVersion(content, permission.signal);
    const [loss] = staged.losses;
    if (loss) {
      staged.close();
      return reported(lossReport(loss));
    }
    const taken = target;
    target = undefined;
    return await armed(arm(taken, staged), path);
  } catch (thrown) {
    // The target was touched while its metadata was read: there is time to look again.
    if (SystemError.is(thrown, 'ESTALE')) return refused(report('gateRefused', { error: describeError(thrown) }));
    return reported(refusal(thrown, path));
  } finally {
    target?.close();
  }
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
