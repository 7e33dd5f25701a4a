import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { baselineOfText, changeSince, isWrittenAsRead, type Baseline, type EditorsText } from '../core/baseline';
import type { KeptWhy } from '../core/kept';
import type { Target, TargetSystem } from '../core/ports';
import { digestInto } from '../platform/digest';
import type { Seen } from '../platform/kept';

/** Of larger files the whole content is not read for this; bytes. VS Code does not announce saves of larger documents either. */
const largest = 50n << 20n;
/** Up to here (bytes) reading is over sooner than on another thread, and before the next message is taken. */
const small = 1n << 20n;
/** Documents at once that are followed; a number. */
const most = 1000;

/** Gets what a save would destroy, and why that is to be kept. */
export type Keep = (why: Extract<KeptWhy, 'otherProgram' | 'unread'>, descriptor: number, seen: Seen) => Promise<void>;

export interface CheckedSave {
  readonly content: Uint8Array | undefined;
  readonly isHeldUp: () => boolean;
}

export function baselineOf(text: EditorsText): Baseline {
  return baselineOfText(text, digestOf(text.content));
}

/**
 * What was on the disk when the editor last read or wrote each document. That is looked at a moment later, or when the document becomes
 * dirty: if something else is there by then, its text is believed. VS Code overwrites a change that came since it has read the file, if
 * it has the same size, without a word: here it is found.
 */
export class Baselines {
  readonly #system: TargetSystem;
  readonly #known = new Map<string, Baseline>();
  /** What the editor had read when nobody looked. What we have seen since is known of some of them. */
  readonly #late = new Set<string>();
  /** Looks under way, and what ends each of them. */
  readonly #looks = new Map<string, { readonly end: AbortController; readonly ended: Promise<void> }>();

  constructor(system: TargetSystem) {
    this.#system = system;
  }

  /**
   * @param read what the editor had, where its text tells
   * @throws SystemError of what cannot be looked at
   */
  async note(path: string, read?: Baseline): Promise<void> {
    // That holds if nothing comes of the look.
    this.follow(path, read);
    const end = new AbortController();
    const look = this.#look(path, read, end.signal);
    const ended = look.then(
      () => undefined,
      () => undefined,
    );
    const entry = { end, ended };
    this.#looks.set(path, entry);
    try {
      await look;
    } finally {
      if (this.#looks.get(path) === entry) this.#looks.delete(path);
    }
  }

  /** As `note`, when the editor has read the file some time ago, and another program may have written it since. */
  noteLate(path: string): Promise<void> {
    const noted = this.note(path);
    this.#late.add(path);
    return noted;
  }

  /** It was not looked at yet: what the editor's text tells is all that is known, or nothing is. */
  follow(path: string, read: Baseline | undefined): void {
    this.forget(path);
    if (read) this.#know(path, read);
  }

  #know(path: string, baseline: Baseline): void {
    this.#known.set(path, baseline);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > most) this.#known.delete(oldest);
  }

  /** Whether it is known, or is being looked at, what was there. */
  follows(path: string): boolean {
    return this.#known.has(path) || this.#looks.has(path);
  }

  /** Resolves when no look of ours at the file is under way. */
  async settled(path: string): Promise<void> {
    await this.#looks.get(path)?.ended;
  }

  async #look(path: string, read: Baseline | undefined, signal: AbortSignal): Promise<void> {
    const target = this.#system.open(path);
    if (!target) return;
    try {
      const { kind, size, mtime } = target.facts;
      if (kind !== 'regular' || size > largest) return;
      const there = await contentOf(target, signal);
      if (signal.aborted) return;
      if (!isOther(there, read)) this.#know(path, { from: 'disk', size, mtime, digest: there.digest });
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    } finally {
      target.close();
    }
  }

  /** Ends a look of ours at the file, which would be somebody's who uses it. */
  async leave(path: string): Promise<void> {
    const look = this.#looks.get(path);
    look?.end.abort();
    await look?.ended;
  }

  /** What was there is not known any more, nor will be by a look that is under way. */
  forget(path: string): void {
    this.#known.delete(path);
    this.#late.delete(path);
    this.#looks.get(path)?.end.abort();
  }

  /**
   * To be called in a save, after `leave`: hands a change that the save would destroy silently to `keep`, once; also what may be one,
   * because nobody looked when the editor had read the file.
   *
   * @param keep gets what the file was when it was looked at: it must be that still
   * @param save what the editor writes, where that is known, and whether it is held up: otherwise what is there may be its own already
   * @param looked what a gate is about to be shut on; else it is what the path leads to
   * @returns whether the gate is to have it kept if the editor comes: most likely that refuses
   * @throws SystemError of what cannot be looked at, and as `keep`
   */
  async check(path: string, keep: Keep, save: CheckedSave, looked?: Target): Promise<boolean> {
    const baseline = this.#known.get(path);
    const isLate = this.#late.has(path);
    if ((!baseline && !isLate) || !save.isHeldUp()) return false;
    const target = looked ?? this.#system.open(path);
    if (!target) return false;
    try {
      const { kind, size, mtime } = target.facts;
      const isNothing = kind !== 'regular' || size === 0n || size > largest;
      const change = baseline ? changeSince(baseline, target.facts) : 'none';
      if (isLate ? isNothing : change === 'none') return false;
      if (!isLate && change === 'refuses') return looked !== undefined;
      const there = await contentOf(target, neverAborted);
      if (!save.isHeldUp()) return false;
      if (!isLate && change === 'mayRefuse' && looked) return isOther(there, baseline);
      this.#late.delete(path);
      this.#know(path, { from: 'disk', size, mtime, digest: there.digest });
      const why = isOther(there, baseline)
        ? 'otherProgram'
        : isLate && isLost(there, save.content)
          ? 'unread'
          : undefined;
      if (why) await target.read((descriptor) => keep(why, descriptor, { size, mtime }));
      return false;
    } finally {
      if (target !== looked) target.close();
    }
  }
}

const neverAborted = new AbortController().signal;

interface Content {
  readonly digest: string;
  /** See `core/baseline.ts`; `false` of what was not read at once. */
  readonly isWrittenAsRead: () => boolean;
}

function isOther(there: Content, baseline: Baseline | undefined): boolean {
  return (
    baseline !== undefined && there.digest !== baseline.digest && (baseline.from === 'disk' || there.isWrittenAsRead())
  );
}

/** Whether it is not what the editor writes. */
function isLost({ digest }: Content, content: Uint8Array | undefined): boolean {
  return content === undefined || digestOf(content) !== digest;
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

async function contentOf(target: Target, signal: AbortSignal): Promise<Content> {
  return target.read(async (fd) => {
    const hash = createHash('sha256');
    if (target.facts.size <= small) {
      const bytes = readFileSync(fd);
      return { digest: hash.update(bytes).digest('base64'), isWrittenAsRead: () => isWrittenAsRead(bytes) };
    }
    await digestInto(hash, fd, signal);
    return { digest: hash.digest('base64'), isWrittenAsRead: () => false };
  });
}
