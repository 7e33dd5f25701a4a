/** Orders in which a heal and other programs can come, each run from its beginning: all with few changes between them, or random ones. */
import { HealWorld, Wrong, type HealSetup, type Mutant } from './healWorld';

export interface HealFailure {
  readonly rule: string;
  readonly trace: readonly string[];
}

export interface HealsExplored {
  readonly runs: number;
  /** How they ended, and how often. */
  readonly ends: ReadonlyMap<string, number>;
  /** Not all was seen. */
  readonly cut: boolean;
  readonly failure: HealFailure | undefined;
}

function runOnce(
  setup: HealSetup,
  choose: (options: number) => number,
  mutant: Mutant | undefined,
  ends: Map<string, number>,
): HealFailure | undefined {
  const world = new HealWorld(setup, choose, mutant);
  try {
    world.run();
  } catch (thrown) {
    if (thrown instanceof Wrong) return { rule: thrown.message, trace: world.trace };
    throw new Error(world.trace.join('\n'), { cause: thrown });
  }
  const end = world.told
    .map((told) => (told?.healed?.is === 'not' ? told.healed.why : (told?.healed?.is ?? 'told')))
    .join(', ');
  ends.set(end, (ends.get(end) ?? 0) + 1);
  return undefined;
}

/**
 * Depth first. Who is at it goes on; so many times in a run another one takes over who could wait.
 */
export function exploreHeals(setup: HealSetup, others: number, most: number, mutant?: Mutant): HealsExplored {
  const ends = new Map<string, number>();
  const stack: { picked: number; readonly options: number }[] = [];
  let runs = 0;
  for (;;) {
    let depth = 0;
    let left = others;
    const failure = runOnce(
      setup,
      (options) => {
        const known = stack[depth];
        if (!known) stack.push({ picked: 0, options: left > 0 ? options : 1 });
        const picked = stack[depth]?.picked ?? 0;
        depth++;
        if (picked > 0) left--;
        return picked;
      },
      mutant,
      ends,
    );
    runs++;
    if (failure) return { runs, ends, cut: false, failure };
    while (stack.length > 0) {
      const last = stack.at(-1);
      if (last && last.picked + 1 < last.options) {
        last.picked++;
        break;
      }
      stack.pop();
    }
    if (stack.length === 0) return { runs, ends, cut: false, failure: undefined };
    if (runs >= most) return { runs, ends, cut: true, failure: undefined };
  }
}

/** @param random numbers from 0 to 1 */
export function randomHeals(setup: HealSetup, runs: number, random: () => number, mutant?: Mutant): HealsExplored {
  const ends = new Map<string, number>();
  for (let run = 1; run <= runs; run++) {
    // Some are made to change often, some seldom.
    const eager = random() / 2;
    const failure = runOnce(setup, (options) => (random() < eager ? Math.floor(random() * options) : 0), mutant, ends);
    if (failure) return { runs: run, ends, cut: false, failure };
  }
  return { runs, ends, cut: false, failure: undefined };
}
