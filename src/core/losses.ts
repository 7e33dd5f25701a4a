import { describeError } from './errors';
import { lossReport, type GivenUp, type Reason, type Report } from './level';
import type { SaveOptions } from './options';
import { planTarget } from './plan';
import type { Loss, Target } from './ports';

/**
 * The plan once a new file has been made, which may lack something. At level `gated` or `detached` it may be published, and
 * `givesUp` says what it is without; otherwise it is to be dropped. A loss that was not foreseen is planned for as if it had
 * been.
 */
export function planWithLosses(target: Target, planned: Report, losses: readonly Loss[], options: SaveOptions): Report {
  const now = isForeseen(losses, planned.givesUp) ? planned : planAnew(target, losses, options);
  if (now.level !== 'gated' && now.level !== 'detached') return now;
  const otherNames = now.givesUp?.filter(({ what }) => what === 'otherNames') ?? [];
  const givesUp = [...otherNames, ...losses.flatMap((loss) => givenUp(loss) ?? [])];
  const { level, reason } = now;
  return givesUp.length > 0 ? { level, reason, givesUp } : { level, reason };
}

/** Whether everything that is lost is of a kind that is given up. */
export function isForeseen(losses: readonly Loss[], givesUp: readonly GivenUp[] = []): boolean {
  return losses.every((loss) => givesUp.some(({ what }) => what === givenUp(loss)?.what));
}

function planAnew(target: Target, losses: readonly Loss[], options: SaveOptions): Report {
  const never = losses.find((loss) => givenUp(loss) === undefined);
  if (never) return lossReport(never);
  const lacks = (wanted: GivenUp['what']): GivenUp | undefined =>
    losses.map(givenUp).find((found) => found?.what === wanted);
  const { facts } = target;
  const attribute = lacks('attribute');
  const unkeepable = attribute?.what === 'attribute' ? attribute.lost : facts.unkeepable;
  const planned = planTarget(target, options, 'quick', {
    ...facts,
    ownerKeepable: facts.ownerKeepable && !lacks('owner'),
    groupKeepable: facts.groupKeepable && !lacks('group'),
    ...(unkeepable ? { unkeepable } : {}),
  });
  const error = losses.find((loss) => givenUp(loss)?.what === decisive.get(planned.reason))?.error;
  return error ? { ...planned, error: describeError(error) } : planned;
}

/** What a new file lacks that is not to be published for this reason. */
const decisive: ReadonlyMap<Reason, GivenUp['what']> = new Map([
  ['foreignOwner', 'owner'],
  ['foreignGroup', 'group'],
  ['wouldLose', 'attribute'],
]);

/** `undefined`: whatever the user says, no new file may be without it. */
function givenUp({ what, name }: Loss): GivenUp | undefined {
  switch (what) {
    case 'owner':
    case 'group':
      return { what };
    case 'attribute':
    case 'flags':
    case 'project':
      return { what: 'attribute', lost: { what, name } };
    // Without an access list, somebody might get in whom it keeps out.
    case 'access':
    case 'mode':
    case 'times':
    case 'bytes':
      return undefined;
  }
}
