/** What a run with torn reads must show, in one place. */
import { sumOf } from '../sum';
import { scriptsAtOnce, type ClassLooks, type Load } from '../tornReader';
import { requiredLevel, type TornRun } from './tornReads';

/** The fact on a save's line in the log that says that somebody was still on the bait at the drain's deadline. */
export const undrainedFact = 'residual';

/** Looks that were not whole, during the saves of a class and after them. */
export function broken({ during, after }: ClassLooks): number {
  return sumOf([during, after], ({ empty, torn, failed, backwards }) => empty + torn + failed + backwards);
}

/** How many may have the file open at the same time. */
function atOnce(load: Load): number {
  return load.kind === 'bash' ? scriptsAtOnce : load.readers;
}

function example({ during, after }: ClassLooks): string {
  return during.example || `after a save: ${after.example}`;
}

/**
 * Everything about this run that is not as it must be; empty for a good one.
 * @param demands how many looks must overlap guarded saves, and on how many of these a reader of its own may be on the bait for too long:
 * one that the machine has stopped for so long
 */
export function shortcomings(
  run: TornRun,
  demands: { readonly overlapping: number; readonly undrained?: number },
): readonly string[] {
  const { plan, stock, guarded, levels } = run;
  const found: string[] = [];
  const demand = (met: boolean, otherwise: string): void => {
    if (!met) found.push(`${plan.name}: ${otherwise}`);
  };
  const reached = Object.entries(levels).filter(([level]) => level.startsWith(`${requiredLevel} `));
  const atLevel = sumOf(reached, ([, count]) => count);
  demand(
    atLevel === guarded.saves,
    `not all of the guarded saves were ${requiredLevel}: ${JSON.stringify(levels)}, ${JSON.stringify(run.others)}`,
  );
  const undrained = run.facts[undrainedFact] ?? 0;
  const alone = plan.load.kind === 'read' && plan.load.readers === 1;
  demand(
    !alone || undrained <= (demands.undrained ?? 0),
    `${String(undrained)} guarded saves were let go while somebody was on the bait`,
  );
  // Only who was on the bait at that deadline may have seen it written, and he once.
  const { failed, backwards } = guarded.during;
  demand(
    broken(guarded) <= undrained * atOnce(plan.load) && failed + backwards === 0,
    `guarded saves were seen broken ${String(broken(guarded))} times, at first: ${example(guarded)}, at ${JSON.stringify(run.seenBroken)}`,
  );
  demand(guarded.diskWrong + stock.diskWrong === 0, 'the file was not the document after a save');
  const { empty, torn, all } = stock.during;
  demand(empty + torn >= plan.stockBroken, `the stock editor was seen broken only ${String(empty + torn)} times`);
  demand(
    guarded.during.all >= demands.overlapping,
    `only ${String(guarded.during.all)} looks overlapped a guarded save (stock: ${String(all)})`,
  );
  return found;
}

/** One line for each class, to be read by people. */
export function tornLines({ plan, stock, guarded, levels, facts, seconds }: TornRun): string {
  const line = (name: string, counts: TornRun['stock']): string => {
    const { all, empty, torn, failed, backwards } = counts.during;
    const after = broken(counts) - empty - torn - failed - backwards;
    const figures = [
      `${String(counts.saves)} saves (median ${String(counts.medianSaveMs)} ms)`,
      `${String(all)} looks`,
      `${String(empty)} empty`,
      `${String(torn)} torn`,
      `${String(failed)} failed`,
      `${String(backwards)} backwards`,
      `${String(after)} broken after`,
    ];
    return `  ${name.padEnd(8)} ${figures.join(', ')}`;
  };
  const undrained = `undrained ${String(facts[undrainedFact] ?? 0)}`;
  return [
    `${plan.name} (${String(seconds)} s), levels ${JSON.stringify(levels)}, ${undrained}`,
    line('stock', stock),
    line('guarded', guarded),
  ].join('\n');
}
