/** The runs that show whether a file is ever seen empty or torn. */
import type { Load } from '../tornReader';
import type { TornPlan } from './tornReads';
import type { shortcomings } from './tornVerdict';

export interface DemandingPlan extends TornPlan {
  readonly demands: Parameters<typeof shortcomings>[1];
}

const sizes = { '4 KB': 4_096, '200 KB': 200_000, '2 MB': 2_000_000 } as const;

interface Other {
  readonly load: Load;
  readonly bytes: number;
  /** How many times as many saves as the others: where a save disturbs few. */
  readonly times?: number;
}

const others: Readonly<Record<string, Other>> = {
  'two readers': { load: { kind: 'read', readers: 2 }, bytes: sizes['200 KB'] },
  'four readers': { load: { kind: 'read', readers: 4 }, bytes: sizes['200 KB'] },
  'sixteen readers': { load: { kind: 'read', readers: 16 }, bytes: sizes['200 KB'] },
  'two that map it and keep it': { load: { kind: 'map', readers: 2, keepMs: 25 }, bytes: sizes['200 KB'], times: 3 },
  'a bash script every 5 ms': { load: { kind: 'bash', everyMs: 5 }, bytes: 25_000, times: 3 },
};

/**
 * @param savesASize guarded saves with one reader, at each size
 * @param savesOtherwise those with other readers, in most of the runs
 */
export function tornPlans(savesASize: number, savesOtherwise: number): readonly DemandingPlan[] {
  const bySize = Object.entries(sizes).map(([name, bytes]) => ({
    name: `one reader, ${name}`,
    bytes,
    saves: savesASize,
    load: { kind: 'read', readers: 1 } as const,
    stockBroken: Math.min(100, savesASize),
    demands: { overlapping: Math.min(10_000, 100 * savesASize) },
  }));
  const byOthers = Object.entries(others).map(([name, { load, bytes, times = 1 }]) => ({
    name,
    bytes,
    saves: savesOtherwise * times,
    load,
    stockBroken: 1,
    demands: { overlapping: savesOtherwise },
  }));
  return [...bySize, ...byOthers];
}
