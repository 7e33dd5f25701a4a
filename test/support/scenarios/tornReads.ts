/** Readers that open a file as fast as they can while it is saved, with the guard on and off in turn. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { savedFacts, type SavedFacts } from '../saveLog';
import { saveClasses, TornReader, type ClassLooks, type Load, type SaveClass } from '../tornReader';
import type { Actions } from './actions';
import { plainVersion, scriptVersion, wholeText } from './versions';

export interface TornPlan {
  readonly name: string;
  /** Of the file, more or less. */
  readonly bytes: number;
  /** With the guard on; the stock editor's are fewer, as it takes few to show what they do. */
  readonly saves: number;
  /** How often the stock editor must have been seen empty or torn, or the run does not count. */
  readonly stockBroken: number;
  readonly load: Load;
}

export interface TornCounts extends ClassLooks {
  readonly saves: number;
  /** Saves after which the file was not the document. */
  readonly diskWrong: number;
  readonly medianSaveMs: number;
  readonly slowestSaveMs: number;
}

export interface TornRun extends Readonly<Record<SaveClass, TornCounts>> {
  readonly plan: TornPlan;
  /** Level and reason, as the log has them → how many saves with the guard on reached that. */
  readonly levels: Readonly<Record<string, number>>;
  /** Guarded saves whose line in the log has a fact of this name → how many. */
  readonly facts: Readonly<Record<string, number>>;
  /** The log's lines of the guarded saves at other levels than `gated`. */
  readonly others: readonly SavedFacts[];
  /** The log's lines of the guarded saves that were seen broken. */
  readonly seenBroken: readonly SavedFacts[];
  readonly seconds: number;
}

/** The level that every guarded save must reach, or a run does not count. */
export const requiredLevel = 'gated';

/** Saves of one class before it is the other one's turn: each turn costs a change of the settings. */
const inTurn = { stock: 1, guarded: 10 } as const satisfies Record<SaveClass, number>;
/** Stock saves after which it is no use to go on until enough of them were seen broken. */
const stockMost = 200;
/** The editor keeps every version to be undone; it is closed after so many bytes, which lets them go. */
const keptVersions = 40_000_000;

/**
 * Saves a new file in this folder as the plan says. The first turn is the stock editor's.
 * @param actions of a window in which Holdfast is active
 */
export async function tornReads(actions: Actions, folder: string, plan: TornPlan): Promise<TornRun> {
  const began = performance.now();
  const path = join(folder, `${plan.name}.txt`);
  const saving = new Saving(actions, path, plan);
  await saving.writeFirst();
  const reader = await TornReader.start(plan.load, path);
  try {
    let saves = 0;
    let stock = 0;
    let seen = 0;
    for (let left = plan.saves; left > 0; left -= inTurn.guarded) {
      for (const saveClass of saveClasses) {
        await actions.enable(saveClass === 'guarded');
        for (let turn = Math.min(inTurn[saveClass], left); turn > 0; turn--, saves++) {
          const broken = await saving.save(saveClass, reader);
          if (saveClass === 'guarded') continue;
          stock++;
          seen = broken;
        }
      }
    }
    if (seen < plan.stockBroken) await actions.enable(false);
    for (; seen < plan.stockBroken && stock < stockMost; stock++, saves++) seen = await saving.save('stock', reader);
    const looks = await reader.stop();
    const facts = await savedFacts(await actions.extensionHost(), path, saves);
    const guarded = facts.filter(({ reason }) => reason !== 'switchedOff');
    return {
      plan,
      stock: { ...saving.figures('stock'), ...looks.stock },
      guarded: { ...saving.figures('guarded'), ...looks.guarded },
      levels: countEach(guarded.map(({ level = '', reason = '' }) => `${level} ${reason}`)),
      facts: countEach(guarded.flatMap((line) => Object.keys(line))),
      others: guarded.filter(({ level }) => level !== requiredLevel),
      seenBroken: facts.filter((_, index) => saving.seenBroken.includes(index)),
      seconds: Math.round((performance.now() - began) / 100) / 10,
    };
  } finally {
    await reader.dispose();
    await actions.close();
    await actions.enable(true);
  }
}

/** The document's life: each save brings the next version. */
class Saving {
  readonly #actions: Actions;
  readonly #path: string;
  readonly #plan: TornPlan;
  readonly #times: Readonly<Record<SaveClass, number[]>> = { stock: [], guarded: [] };
  /** The guarded saves that were seen broken, by how many saves of both classes came before. */
  readonly seenBroken: number[] = [];
  readonly #diskWrong: Record<SaveClass, number> = { stock: 0, guarded: 0 };
  #brokenSoFar = 0;
  #version = 1;
  #kept = 0;

  constructor(actions: Actions, path: string, plan: TornPlan) {
    this.#actions = actions;
    this.#path = path;
    this.#plan = plan;
  }

  async writeFirst(): Promise<void> {
    await writeFile(this.#path, wholeText(this.#text()));
    await this.#actions.open(this.#path);
  }

  /** Resolves as `TornReader.end`. */
  async save(saveClass: SaveClass, reader: TornReader): Promise<number> {
    await this.#reopenInTime();
    this.#version++;
    const text = this.#text();
    await this.#actions.replace(this.#path, text);
    await reader.begin(saveClass);
    const began = performance.now();
    await this.#actions.saveOnly(this.#path);
    this.#times[saveClass].push(performance.now() - began);
    const broken = await reader.end();
    if (saveClass === 'guarded') {
      if (broken > this.#brokenSoFar) this.seenBroken.push(this.#version - 2);
      this.#brokenSoFar = broken;
    }
    if ((await readFile(this.#path, 'utf8')) !== wholeText(text)) this.#diskWrong[saveClass]++;
    return broken;
  }

  figures(saveClass: SaveClass): Omit<TornCounts, keyof ClassLooks> {
    const times = this.#times[saveClass].toSorted((one, other) => one - other).map(Math.round);
    return {
      saves: times.length,
      diskWrong: this.#diskWrong[saveClass],
      medianSaveMs: times[Math.floor(times.length / 2)] ?? NaN,
      slowestSaveMs: times.at(-1) ?? NaN,
    };
  }

  async #reopenInTime(): Promise<void> {
    this.#kept += this.#plan.bytes;
    if (this.#kept < keptVersions) return;
    this.#kept = 0;
    await this.#actions.close();
    await this.#actions.open(this.#path);
  }

  #text(): ReturnType<typeof plainVersion> {
    const textOf = this.#plan.load.kind === 'bash' ? scriptVersion : plainVersion;
    return textOf(this.#version, this.#plan.bytes);
  }
}

function countEach(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
