import type { ProcessKey } from '../../../src/core/holders/holder';
import type {
  Found,
  HolderFinder,
  LookoutSystem,
  Pin,
  Uses,
  UseWaiter,
  UseWake,
} from '../../../src/core/holders/ports';
import { SystemError } from '../../../src/core/errors';
import type { Identity } from '../../../src/core/ports';

/** An inode that there is only here. */
export class FakePin implements Pin {
  readonly identity: Identity;
  readonly path: string;
  /** The number of what the path leads to by now. */
  leadsTo: () => number | undefined = () => Number(this.identity.inode);
  closed = false;
  held = true;
  #mtime: number;

  /** @param mtime milliseconds since the epoch */
  constructor(inode: number, { mtime = 0, path = '' }: { readonly mtime?: number; readonly path?: string } = {}) {
    this.path = path;
    this.identity = { device: 1n, inode: BigInt(inode) };
    this.#mtime = mtime;
  }

  written(mtime: number): void {
    this.#mtime = mtime;
  }

  size(): number {
    return 100;
  }

  mtime(): bigint {
    return BigInt(this.#mtime) * 1_000_000n;
  }

  read(): Uint8Array {
    return new Uint8Array(100).fill(0x0a);
  }

  atPath(): boolean {
    return this.leadsTo() === Number(this.identity.inode);
  }

  hold(): boolean {
    this.held = true;
    return true;
  }

  letGo(): void {
    this.held = false;
  }

  close(): void {
    if (this.closed) throw new Error('closed twice');
    this.closed = true;
  }
}

const nothing: Found = { holders: new Map(), untold: new Set(), closed: 0 };
const asleep: UseWake = {
  orders: false,
  used: new Set(),
  closed: new Set(),
  read: new Set(),
  moved: new Set(),
  lost: new Set(),
  mounted: false,
  ended: false,
  overflow: false,
};

/** A system of which a test says what there is, and which remembers what was asked. */
export class FakeLookoutSystem implements LookoutSystem {
  pinsAtMost = Infinity;
  /** What paths lead to: an inode's number. */
  readonly paths = new Map<string, number>();
  /** Symbolic links on the way to a path. */
  readonly links = new Map<string, readonly string[]>();
  readonly pins: FakePin[] = [];
  /** Watches that there are, by number: a path, or a folder's. */
  readonly watches = new Map<number, string>();
  readonly reads = new Set<number>();
  awaited: readonly ProcessKey[] = [];
  passes: (readonly Pin[])[] = [];
  probes = 0;
  found: (pins: readonly Pin[]) => Found = () => nothing;
  probed: 'held' | 'free' | 'unknown' = 'free';
  /** What the next look at the queue gives. */
  pending: Partial<Uses> = {};
  /** Numbers that were given again since they were watched. */
  readonly reused = new Set<number>();
  readonly #inodes = new Map<number, bigint>();
  #next = 1;

  readonly finder: HolderFinder = {
    pin: (path) => {
      const inode = this.paths.get(path);
      if (inode === undefined) throw new SystemError('open', path, 'ENOENT');
      const pin = new FakePin(inode, { path });
      pin.leadsTo = () => this.paths.get(path);
      this.pins.push(pin);
      return pin;
    },
    linksOn: (path) => this.links.get(path) ?? [],
    pass: (pins) => {
      this.passes.push(pins);
      const found = this.found(pins);
      for (const [pin, holders] of found.holders) {
        if (holders.some(({ harm }) => harm !== 'loaded')) pin.hold();
      }
      return found;
    },
    reread: (_pin, { read }) => (read ? { ...read, offset: read.offset + 1 } : undefined),
    probe: () => {
      this.probes++;
      return this.probed;
    },
    signal: () => undefined,
    inspect: () => ({ caught: [] }),
    named: () => [],
  };

  readonly waiter: UseWaiter = {
    orders: -1,
    attend: () => undefined,
    watch: (pin) => this.#watch((pin as FakePin).path, pin.identity.inode),
    isOf: (watch, pin) =>
      this.#inodes.get(watch) === pin.identity.inode && !this.reused.has(Number(pin.identity.inode)),
    watchLink: (path) => this.#watch(`link ${path}`),
    watchFolder: (path) => this.#watch(`folder of ${path}`),
    tellReads: (watch, on) => {
      if (on) this.reads.add(watch);
      else this.reads.delete(watch);
    },
    unwatch: (watch) => {
      if (!this.watches.delete(watch)) throw new Error('unwatched twice');
    },
    await: (processes) => {
      this.awaited = processes;
    },
    unseen: (_watch, work) => work(),
    take: () => {
      const { pending } = this;
      this.pending = {};
      return { ...asleep, ...pending };
    },
    wait: () => asleep,
    close: () => undefined,
  };

  /** The watch of a path. */
  watchOf(path: string): number {
    const [watch] = [...this.watches].find(([, of]) => of === path) ?? [];
    if (watch === undefined) throw new Error(`${path} is not watched`);
    return watch;
  }

  get open(): number {
    return this.pins.filter(({ closed }) => !closed).length;
  }

  /** How many pins are held that nobody has closed. */
  get held(): number {
    return this.pins.filter(({ closed, held }) => held && !closed).length;
  }

  #watch(path: string, inode?: bigint): number {
    const watch = this.#next++;
    if (inode !== undefined) this.#inodes.set(watch, inode);
    this.watches.set(watch, path);
    return watch;
  }
}

export function wake(what: Partial<UseWake>): UseWake {
  return { ...asleep, ...what };
}
