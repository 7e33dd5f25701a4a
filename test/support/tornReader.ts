/** The programs that count how often a file was found whole while it was saved; see `c/save-counts.h`. */
import { compiled } from './compiled';
import { LineProgram } from './lineProgram';

/**
 * - `read`: so many readers open, read and close the file as fast as they can.
 * - `map`: so many map it, keep it for a while, look at it meanwhile, and map it again.
 * - `bash`: a bash script is started from it every few milliseconds.
 */
export type Load =
  | { readonly kind: 'read'; readonly readers: number }
  | { readonly kind: 'map'; readonly readers: number; readonly keepMs: number }
  | { readonly kind: 'bash'; readonly everyMs: number };

export const saveClasses = ['stock', 'guarded'] as const;
export type SaveClass = (typeof saveClasses)[number];

/** How often somebody looked, and what he did not find whole. */
export interface Looks {
  readonly all: number;
  readonly empty: number;
  readonly torn: number;
  readonly failed: number;
  /** A whole version, but an older one than the same reader had before. */
  readonly backwards: number;
  /** The first of all that was not whole. */
  readonly example: string;
}

export interface ClassLooks {
  /** Those that overlap a save of this class. */
  readonly during: Looks;
  /** Those between a save of this class and the next save. */
  readonly after: Looks;
}

export class TornReader {
  readonly #program: LineProgram;

  private constructor(program: LineProgram) {
    this.#program = program;
  }

  static async start(load: Load, path: string): Promise<TornReader> {
    return new TornReader(await LineProgram.start(...(await commandOf(load)), path));
  }

  /** From here until `end`, whatever overlaps is counted for this class. */
  async begin(saveClass: SaveClass): Promise<void> {
    const what = `begin ${String(saveClasses.indexOf(saveClass))}`;
    const answer = await this.#program.ask(what);
    if (answer !== 'OK') throw new Error(`${what} was answered by ${answer}`);
  }

  /**
   * Resolves when nobody has anything under way any more that he began before: to how often the file was empty or torn so far
   * during saves of this class.
   */
  async end(): Promise<number> {
    const answer = await this.#program.ask('end');
    const broken = /^OK (\d+)$/.exec(answer)?.[1];
    if (broken === undefined) throw new Error(`end was answered by ${answer}`);
    return Number(broken);
  }

  async stop(): Promise<Readonly<Record<SaveClass, ClassLooks>>> {
    const [stock, guarded] = JSON.parse(await this.#program.ask('stop')) as ClassLooks[];
    if (!stock || !guarded) throw new Error('the counts of a class are missing');
    return { stock, guarded };
  }

  /** Ends it, whatever it does; also to be called after `stop`. */
  async dispose(): Promise<void> {
    await this.#program.end();
  }
}

/**
 * How long readers go on after a save before they rest, in milliseconds: what comes late would be seen in that time.
 * Those that map do not rest: they need little, and must have the file from before the next save.
 */
const restAfterMs = { read: '10', map: '3600000' } as const;

/** As in `script-starter`. */
export const scriptsAtOnce = 40;

async function commandOf(load: Load): Promise<[string, ...string[]]> {
  switch (load.kind) {
    case 'read':
      return [await compiled('torn-reader'), 'read', String(load.readers), restAfterMs.read, '0'];
    case 'map':
      return [await compiled('torn-reader'), 'map', String(load.readers), restAfterMs.map, String(load.keepMs)];
    case 'bash':
      return [await compiled('script-starter'), String(load.everyMs)];
  }
}
