import { basename } from 'node:path';

import { SystemError } from '../../../src/core/errors';
import type {
  Held,
  KeepOldName,
  Loss,
  Prepared,
  Published,
  Staged,
  Target,
  TargetFacts,
  TargetSystem,
} from '../../../src/core/ports';
import type { DiskRoom, VetoMeans } from '../../../src/core/veto';

/** Facts of a plain file of ours, on which everything is possible. */
export const plainFacts: TargetFacts = {
  realPath: '/somewhere/run.sh',
  kind: 'regular',
  identity: { device: 1n, inode: 2n },
  size: 10n,
  mtime: 0n,
  born: undefined,
  links: 1n,
  mode: 0o755,
  uid: 1000,
  gid: 1000,
  mountPoint: false,
  sealed: false,
  synthetic: false,
  directoryWritable: true,
  stickyForbids: false,
  ownerKeepable: true,
  ownable: true,
  groupKeepable: true,
  gate: { gate: false, why: 'fileSystem', detail: '0x6969' },
};

export interface FakeOptions {
  readonly facts?: Partial<TargetFacts>;
  readonly missing?: boolean;
  /** What the kernel says about who uses it, and what a search does. */
  readonly probed?: Held;
  readonly searched?: Held;
  readonly current?: () => boolean;
  /** Where the file itself is mounted. */
  readonly mounts?: readonly string[];
  readonly room?: DiskRoom;
  readonly vetoMeans?: VetoMeans;
  readonly onProtectionEnd?: (end: 'lifted' | 'unknown') => void;
  readonly losses?: readonly Loss[];
  readonly published?: readonly Published[];
  /** Fail the call with this number, counted from 1. */
  readonly failAt?: number;
  readonly errno?: string;
  /** Called at the start of every call with its name. */
  readonly onCall?: (name: string) => void;
}

/** A target system that counts what is open, logs every call, and fails where it is told to. */
export class FakeTargets implements TargetSystem {
  readonly calls: string[] = [];
  /** The questions about who uses the target; they cannot fail. */
  readonly asked: string[] = [];
  /** What the displaced inodes were to keep. */
  readonly keptNames: KeepOldName[] = [];
  #open = 0;
  readonly #options: FakeOptions;
  readonly #published: Published[];

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    this.#published = [...(options.published ?? [])];
  }

  get stillOpen(): number {
    return this.#open;
  }

  open(path: string): Target | undefined {
    this.#call('open', path);
    if (this.#options.missing) return undefined;
    this.#open++;
    return {
      facts: { ...plainFacts, ...this.#options.facts },
      probe: () => {
        this.asked.push('probe');
        return this.#options.probed ?? 'unknown';
      },
      search: () => {
        this.asked.push('search');
        return this.#options.searched ?? 'unknown';
      },
      isCurrent: () => this.#options.current?.() ?? true,
      mounts: () => this.#options.mounts ?? [],
      stage: (signal) => this.#stage(path, signal),
      read: (work) => work(-1),
      room: () => this.#options.room,
      vetoMeans: () => this.#options.vetoMeans ?? { by: 'none', why: 'leases' },
      noteProtection: () => (end) => this.#options.onProtectionEnd?.(end),
      place: {
        directory: 0,
        directoryIdentity: { device: 1n, inode: 1n },
        name: Buffer.from(basename(path)),
        path,
        record: 0,
      },
      handed: { descriptor: 0, identity: plainFacts.identity },
      prepareVersion: (_content, signal) => this.#prepare('prepareVersion', path, signal),
      prepareClone: (_descriptor, signal) => this.#prepare('prepareClone', path, signal),
      prepareAhead: (signal) => this.#prepare('prepareAhead', path, signal),
      syncDirectory: async () => {
        await Promise.resolve();
        this.#call('syncDirectory', path);
      },
      close: () => {
        this.#open--;
      },
    };
  }

  async #stage(path: string, signal: AbortSignal): Promise<Staged> {
    await Promise.resolve();
    this.#call('stage', path);
    if (signal.aborted) throw new SystemError('stage', path, 'ECANCELED');
    this.#open++;
    return {
      identity: { device: 1n, inode: 3n },
      losses: this.#options.losses ?? [],
      sync: async () => {
        await Promise.resolve();
        this.#call('sync', path);
      },
      publish: (keep) => {
        this.#call('publish', path);
        if (keep) this.keptNames.push(keep);
        return this.#published.shift() ?? 'published';
      },
      close: () => {
        this.#open--;
      },
    };
  }

  async #prepare(name: string, path: string, signal: AbortSignal): Promise<Prepared> {
    await Promise.resolve();
    this.#call(name, path);
    if (signal.aborted) throw new SystemError(name, path, 'ECANCELED');
    this.#open++;
    return {
      handed: { descriptor: 0, identity: { device: 1n, inode: BigInt(this.calls.length + 2) } },
      losses: this.#options.losses ?? [],
      sync: async () => {
        await Promise.resolve();
        this.#call('sync', path);
      },
      close: () => {
        this.#open--;
      },
    };
  }

  #call(name: string, path: string): void {
    this.#options.onCall?.(name);
    this.calls.push(name);
    if (this.calls.length === this.#options.failAt) throw new SystemError(name, path, this.#options.errno ?? 'EIO');
  }
}
