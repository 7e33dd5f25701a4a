import { report, type GivenUp, type Report } from './level';
import { defaultOptions, type Question, type SaveOptions } from './options';
import type { Held, Target, TargetFacts } from './ports';

/** Something that a new file at the path would be without. */
interface Cost {
  readonly givesUp: GivenUp;
  /** Who decides about it. */
  readonly question: Question;
  /** What the save is if it is not to be given up. */
  readonly refused: Report;
}

/** Of these nothing is given up until the user says so. */
const keptUntilAnswered: ReadonlySet<Question> = new Set<Question>(['attributes']);

/**
 * What a save of this target can be given, from facts alone. The order matters: the first row that fits decides. What
 * nobody can write comes before what nobody can replace, and that before what the user decides.
 *
 * @param held whether another program uses it; `unknown` is never taken for `free`
 */
export function plan(facts: TargetFacts, options: SaveOptions = defaultOptions, held: Held = 'unknown'): Report {
  const impossible = irreplaceable(facts);
  if (impossible) return impossible.level === 'direct' ? direct(impossible, held) : impossible;
  const costs = costsOf(facts);
  const [refused] = held === 'held' ? costs.filter(({ question }) => isKept(question, options)) : costs;
  if (refused) return direct(refused.refused, held);
  const open = costs.filter(({ question }) => options[question] === 'ask');
  const waiting = open.find(({ question }) => keptUntilAnswered.has(question));
  if (waiting) return { ...direct(waiting.refused, held), question: waiting.question };
  if (options.when === 'whenHeld' && held === 'free') return report('notHeld');
  const found = planByGate(facts);
  if (costs.length === 0) return found;
  const givesUp = costs.map((cost) => cost.givesUp);
  return open[0] ? { ...found, givesUp, question: open[0].question } : { ...found, givesUp };
}

function irreplaceable(facts: TargetFacts): Report | undefined {
  if (facts.kind !== 'regular') return report('notRegular');
  if (facts.synthetic) return report('synthetic');
  if (facts.sealed) return report('sealed');
  if (facts.mountPoint) return report('mountPoint');
  if (!facts.directoryWritable) return report('directoryNotWritable');
  if (facts.stickyForbids) return report('stickyDirectory');
  // As a file of ours it could be written where this one cannot, or the other way round.
  if (!facts.ownerKeepable && !facts.ownable) return report('foreignOwner');
  return undefined;
}

function costsOf(facts: TargetFacts): readonly Cost[] {
  const costs: Cost[] = [];
  if (facts.links > 1n) {
    costs.push({ givesUp: { what: 'otherNames' }, question: 'hardLinks', refused: report('hardLinks') });
  }
  if (!facts.ownerKeepable) {
    costs.push({ givesUp: { what: 'owner' }, question: 'owner', refused: report('foreignOwner') });
  }
  if (!facts.groupKeepable) {
    costs.push({ givesUp: { what: 'group' }, question: 'owner', refused: report('foreignGroup') });
  }
  const lost = facts.unkeepable;
  if (lost) {
    costs.push({
      givesUp: { what: 'attribute', lost },
      question: 'attributes',
      refused: report('wouldLose', { lost }),
    });
  }
  return costs;
}

function isKept(question: Question, options: SaveOptions): boolean {
  return options[question] !== 'ask' && options[question] !== 'newFile';
}

function direct(found: Report, held: Held): Report {
  return held === 'held' ? { ...found, held: true } : found;
}

/** What a target that can be replaced by a new file is given. */
export function planByGate({ gate }: TargetFacts): Report {
  if (gate.gate) return report('gated');
  switch (gate.why) {
    case 'fileSystem':
      return report('noLeases');
    case 'leasesOff':
      return report('leasesOff');
    case 'notOwner':
      return report('leasesForOwner');
  }
}

/**
 * The plan of an open target. Who uses it is asked only where the answer matters: quickly of the kernel, and where that does
 * not know, by a search.
 *
 * @param look `thorough`: also search for whom the user should be warned of; `quick`: only if the level depends on it
 * @param facts what is known of it by now
 */
export function planTarget(
  target: Target,
  options: SaveOptions,
  look: 'quick' | 'thorough',
  facts = target.facts,
): Report {
  const [ifHeld, ifFree, ifUnknown] = (['held', 'free', 'unknown'] as const).map((held) =>
    plan(facts, options, held),
  ) as [Report, Report, Report];
  if (same(ifHeld, ifFree)) return ifUnknown;
  const planned = { held: ifHeld, free: ifFree, unknown: ifUnknown };
  const probed = target.probe();
  if (probed !== 'unknown' || same(ifHeld, ifUnknown)) return planned[probed];
  if (look === 'quick' && ifHeld.level === ifUnknown.level) return ifUnknown;
  return planned[target.search()];
}

function same(one: Report, other: Report): boolean {
  return one.reason === other.reason && one.held === other.held;
}
