import { report, type Report } from './level';
import { defaultOptions, type SaveOptions } from './options';
import type { Held, Target, TargetFacts } from './ports';

/**
 * What a save of this target can be given, from facts alone. The order matters: the first row that fits decides, and
 * what nobody can write comes before what nobody can replace.
 *
 * @param held whether another program uses it; `unknown` is never taken for `free`
 */
export function plan(facts: TargetFacts, options: SaveOptions = defaultOptions, held: Held = 'unknown'): Report {
  const apart = facts.links > 1n && held === 'held' && options.hardLinks !== 'keepNames';
  const found = byFacts(apart ? { ...facts, links: 1n } : facts);
  if (found.level === 'direct') return held === 'held' ? { ...found, held: true } : found;
  if (found.level === 'none') return found;
  if (options.when === 'whenHeld' && held === 'free') return report('notHeld');
  return apart ? { ...found, otherNames: options.hardLinks === 'ask' ? 'open' : 'wanted' } : found;
}

function byFacts(facts: TargetFacts): Report {
  if (facts.kind !== 'regular') return report('notRegular');
  if (facts.synthetic) return report('synthetic');
  if (facts.sealed) return report('sealed');
  if (facts.mountPoint) return report('mountPoint');
  if (facts.links > 1n) return report('hardLinks');
  if (!facts.directoryWritable) return report('directoryNotWritable');
  if (facts.stickyForbids) return report('stickyDirectory');
  if (!facts.ownerKeepable) return report('foreignOwner');
  if (!facts.groupKeepable) return report('foreignGroup');
  if (facts.unkeepable) return report('wouldLose', { lost: facts.unkeepable });
  if (!facts.gate.gate) return report(facts.gate.why === 'leasesOff' ? 'leasesOff' : 'noLeases');
  return report('gated');
}

/**
 * The plan of an open target. Who uses it is asked only where the answer matters: quickly of the kernel, and where that does
 * not know, by a search.
 *
 * @param look `thorough`: also search for whom the user should be warned of; `quick`: only if the level depends on it
 */
export function planTarget(target: Target, options: SaveOptions, look: 'quick' | 'thorough'): Report {
  const [ifHeld, ifFree, ifUnknown] = (['held', 'free', 'unknown'] as const).map((held) =>
    plan(target.facts, options, held),
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
