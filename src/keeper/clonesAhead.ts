import type { SaveOptions } from '../core/options';
import { planTarget } from '../core/plan';
import type { Prepared, Target, TargetSystem } from '../core/ports';
import { isSameIdentity } from '../core/separation';

/** Of larger files VS Code does not announce saves; bytes. */
const largest = 50n << 20n;
/** Clones that wait for their saves. */
const most = 16;

interface Made {
  /** Pins the inode that it is a clone of. */
  readonly target: Target;
  readonly clone: Prepared;
}

/** What waits for the save of one document. */
interface Ahead {
  readonly end: AbortController;
  /** It is known that somebody uses the file, and the copy has begun. */
  begun: boolean;
  /** Never rejects. */
  made: Promise<Made | undefined>;
}

/** A clone that one save has for itself. */
export interface ClaimedClone {
  /** The clone, if it still is one of this target; whose it is from then on. A second time: nothing. */
  take(target: Target): Promise<Prepared | undefined>;
  /** It is not needed, or not any more. */
  drop(): void;
}

/**
 * Private clones of files that somebody uses, made when their documents become dirty: copying and syncing them takes no time in
 * the save then. Nameless, so that nobody sees them and nothing is left of them whatever happens.
 */
export class ClonesAhead {
  readonly #system: TargetSystem;
  readonly #sync: (work: () => Promise<void>) => Promise<void>;
  readonly #known = new Map<string, Ahead>();

  constructor(system: TargetSystem, sync: (work: () => Promise<void>) => Promise<void>) {
    this.#system = system;
    this.#sync = sync;
  }

  /**
   * The document at `path` has become dirty. Whether a clone was made.
   *
   * @param first what is to be over before; does not reject
   * @throws SystemError of what cannot be looked at or copied
   */
  async prepare(path: string, options: SaveOptions, first: Promise<unknown>): Promise<boolean> {
    this.drop(path);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= most) this.drop(oldest);
    const ahead: Ahead = { end: new AbortController(), begun: false, made: Promise.resolve(undefined) };
    const making = first.then(() => this.#make(path, options, ahead));
    ahead.made = making.catch(() => undefined);
    this.#known.set(path, ahead);
    return (await making) !== undefined;
  }

  /** The document will not be saved, or not as it was. */
  drop(path: string): void {
    this.claim(path).drop();
  }

  /** Nothing is begun for this document any more: a look of ours at the file would be somebody's who uses it. */
  claim(path: string): ClaimedClone {
    let ahead = this.#known.get(path);
    this.#known.delete(path);
    if (ahead?.begun === false) {
      ahead.end.abort();
      // It may wait for the save to end.
      ahead = undefined;
    }
    const taken = (): Ahead | undefined => {
      const now = ahead;
      ahead = undefined;
      return now;
    };
    return {
      take: async (target) => {
        const made = await taken()?.made;
        if (!made) return undefined;
        const fits = isSameIdentity(made.target.facts.identity, target.facts.identity) && made.target.isCurrent();
        made.target.close();
        if (fits) return made.clone;
        made.clone.close();
        return undefined;
      },
      drop: () => {
        const dropped = taken();
        dropped?.end.abort();
        void dropped?.made.then((made) => {
          made?.target.close();
          made?.clone.close();
        });
      },
    };
  }

  async #make(path: string, options: SaveOptions, ahead: Ahead): Promise<Made | undefined> {
    if (ahead.end.signal.aborted) return undefined;
    const { signal } = ahead.end;
    const target = this.#system.open(path);
    if (!target) return undefined;
    let made: Prepared | undefined;
    let done = false;
    try {
      if (target.facts.size > largest || planTarget(target, options, 'quick').level !== 'gated') return undefined;
      if (target.probe() === 'free') return undefined;
      ahead.begun = true;
      const clone = await target.prepareAhead(signal);
      if (!clone) return undefined;
      made = clone;
      if (options.durability !== 'none') await this.#sync(() => clone.sync());
      signal.throwIfAborted();
      done = true;
      return { target, clone };
    } catch (thrown) {
      if (signal.aborted) return undefined;
      throw thrown;
    } finally {
      if (!done) {
        made?.close();
        target.close();
      }
    }
  }
}
