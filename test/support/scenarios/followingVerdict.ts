/** What the tools that follow a file must show, in one place. */
import type { Tool } from '../watchers/tools';
import type { Following, Way } from './following';

/** The reason in Holdfast's log that every save of this way must have. */
const levelOf: Readonly<Record<Way, string>> = {
  stock: 'direct switchedOff',
  guarded: 'gated',
  held: 'gated',
  whenHeld: 'direct notHeld',
  never: 'direct neverGuarded',
};

/** So many of the saves may be too slow to be gated. */
const tooLate = 1 / 3;

/** Everything about this run that is not as it must be; empty for a good one. */
export function shortcomings(run: Following, tool: Pick<Tool, 'raw'>): readonly string[] {
  const { way, saves, untold, more, follows, levels } = run;
  const found: string[] = [];
  const demand = (met: boolean, otherwise: string): void => {
    if (!met) found.push(`${run.tool}, ${way}: ${otherwise}`);
  };
  const replaced = way === 'guarded' || way === 'held';
  // A machine that is busy with something else: VS Code writes in place then, and says so.
  const late = replaced ? (levels['direct tooSlow'] ?? 0) : 0;
  demand(
    (levels[levelOf[way]] ?? 0) + late === saves && late <= saves * tooLate,
    `not all saves were ${levelOf[way]}: ${JSON.stringify(levels)}`,
  );
  if (follows === 'inode' && replaced) {
    // If one of them goes on, it belongs to the others, and the README has to say so.
    demand(untold > 0, 'it was told to stay with the inode, but has missed nothing');
    return found;
  }
  demand(untold === 0, `${String(untold)} of ${String(saves)} saves were missed`);
  // What writes in place is taken as in the stock editor.
  if (tool.raw || !replaced || late > 0) return found;
  demand(more === 0, `${String(more)} of ${String(saves)} saves were told more than once`);
  demand(run.broken === 0, `an empty or half file was seen ${String(run.broken)} times`);
  return found;
}

/** For a table; the first row is its head. */
export function followingRow(run: Following): string[] {
  const kinds = Object.entries(run.kinds).map(([kind, count]) => `${kind} ${String(count)}`);
  const levels = Object.keys(run.levels);
  return [run.tool, run.way, run.untold, run.once, run.more, run.most, run.broken, kinds.join(' '), levels.join()].map(
    String,
  );
}

export const followingHead = [
  'tool',
  'saves',
  'missed',
  'told once',
  'more than once',
  'most',
  'empty or half',
  'as',
  'level',
];
