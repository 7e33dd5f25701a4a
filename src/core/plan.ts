import { report, type Report } from './level';
import type { TargetFacts } from './ports';

/**
 * What a save of this target can be given, from facts alone. The order matters: the first row that fits decides, and
 * what nobody can write comes before what nobody can replace.
 */
export function plan(facts: TargetFacts): Report {
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
