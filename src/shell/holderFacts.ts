import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import type { ProcessKey } from '../core/holders/holder';
import type { Generation, HolderInUse } from '../core/holders/inUse';
import type { Inspected } from '../core/holders/inspected';
import type { Lookout } from '../core/holders/service';
import { fittingActions, type Action, type HolderFacts } from '../core/reopen/actions';
import { reopen } from '../core/reopen/limits';
import type { Units } from '../core/reopen/units';
import type { Reruns } from './reruns';
import type { Restarts } from './restarts';

interface Known {
  readonly inspected: Inspected;
  readonly canReload: boolean;
}

/** What is known of programs that have older versions, to say what can be done about them. */
export class FactsOfHolders implements Disposable {
  readonly #lookout: Lookout;
  readonly #units: Units;
  readonly #reruns: Reruns;
  readonly #restarts: Restarts;
  readonly #uid = process.getuid?.();
  readonly #known = new Map<string, Known>();
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<void>());

  readonly onDidChange = this.#changed.event;

  constructor(lookout: Lookout, units: Units, reruns: Reruns, restarts: Restarts) {
    this.#lookout = lookout;
    this.#units = units;
    this.#reruns = reruns;
    this.#restarts = restarts;
    this.#owned.add(
      lookout.onDidChange(() => {
        this.#update();
      }),
    );
    const changed = (): void => {
      if (this.#known.size > 0) this.#changed.fire();
    };
    this.#owned.add(reruns.onDidChange(changed));
    this.#owned.add(restarts.onDidChange(changed));
  }

  dispose(): void {
    this.#owned.dispose();
    this.#known.clear();
  }

  /** By what is known; nothing, as long as it was not asked. */
  fitting(path: string, holder: HolderInUse, version: Generation): readonly Action[] {
    const known = this.#known.get(keyOf(holder.process));
    return known ? this.#fitting(path, holder, version, known) : [];
  }

  /** Asked anew. `undefined`: it has ended, or cannot be asked. */
  async ask(
    path: string,
    holder: HolderInUse,
    version: Generation,
  ): Promise<{ readonly inspected: Inspected; readonly fitting: readonly Action[] } | undefined> {
    const known = await this.#ask(holder.process);
    return known && { inspected: known.inspected, fitting: this.#fitting(path, holder, version, known) };
  }

  #fitting(path: string, holder: HolderInUse, version: Generation, known: Known): readonly Action[] {
    const canRerun = this.#reruns.fits(path, holder, known.inspected);
    const restart = this.#restarts.fits(holder);
    const facts: HolderFacts = { ...known, canRerun, restart, mayRule: vscode.workspace.isTrusted };
    return fittingActions(holder, version, facts, this.#uid);
  }

  /** Handlers come and go without anybody being told: what is shown was true when it was last looked. */
  #update(): void {
    const stale = this.#lookout
      .all()
      .flatMap(({ older }) => older.flatMap(({ holders }) => holders))
      .slice(0, reopen.inspected);
    const keys = new Set(stale.map((holder) => keyOf(holder.process)));
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key);
    for (const holder of stale) void this.#ask(holder.process);
  }

  async #ask(process: ProcessKey): Promise<Known | undefined> {
    const key = keyOf(process);
    const inspected = await this.#lookout.inspect(process);
    if ('errno' in inspected) {
      if (this.#known.delete(key)) this.#changed.fire();
      return undefined;
    }
    const { unit } = inspected;
    const known = { inspected, canReload: unit !== undefined && (await this.#units.canReload(unit)) };
    if (JSON.stringify(this.#known.get(key)) !== JSON.stringify(known)) {
      this.#known.set(key, known);
      this.#changed.fire();
    }
    return known;
  }
}

function keyOf({ pid, started }: ProcessKey): string {
  return `${String(pid)} ${String(started)}`;
}
