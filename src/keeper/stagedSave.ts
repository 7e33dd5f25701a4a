import { describeError, SystemError } from '../core/errors';
import { TARGET } from '../core/gate/gate';
import type { Outcome } from '../core/gate/operations';
import type { HandedPlace, Slot } from '../core/gate/ports';
import type { GivenUp, Reason } from '../core/level';
import { isForeseen } from '../core/losses';
import type { GateOrder, GateRequest } from '../core/messages';
import type { SaveOptions } from '../core/options';
import type { Prepared, Target } from '../core/ports';

/** What a save needs of the stager's thread. */
export interface StagerServices {
  toKeeper(order: GateOrder): void;
  readonly durability: SaveOptions['durability'];
  /** What the new version, and a clone, may be without. */
  readonly givesUp: readonly GivenUp[];
  /** Gets something to the disk, when it is its turn. */
  sync(work: () => Promise<void>): Promise<void>;
  /** As `sync`, but waits for it no longer than `limits.sync`. */
  syncInTime(work: () => Promise<void>): Promise<unknown>;
  /** A clone of the target that was made before this save, on the disk as the durability asks. */
  cloneAhead(): Promise<Prepared | undefined>;
  /** With durability `full`, when it has been published: whether the folder has reached the disk. */
  directorySynced(synced: boolean): void;
  /** Copies what the descriptor has open to a place of Holdfast's own, and tells the user where. */
  keep(descriptor: number, mayBeWritten: boolean): Promise<void>;
  /** A clone has taken the place of a target that has other names. It is closed after that. */
  separated(target: Target): void;
  /** A new version is at the target's place. */
  published(place: HandedPlace): void;
  /** It was, and what the editor has written since is not what was published. */
  writtenInPlace(): void;
  /** The gate has ended. */
  over(): void;
}

type CloneRequest = Extract<GateRequest, { kind: 'clone' }>;

/** The stager's part of one gated save: makes what the keeper asks for, and keeps it until the save has ended. */
export class StagedSave {
  readonly #id: number;
  readonly #target: Target;
  readonly #signal: AbortSignal;
  readonly #services: StagerServices;
  readonly #made: Prepared[];
  #content: Uint8Array;
  #staged: Prepared;
  /** One thing after the other: the position of a descriptor is used. */
  #queue: Promise<void> = Promise.resolve();
  #answer: ((outcome: Outcome | 'armed') => void) | undefined;
  #armed = false;
  /** New versions that have come to the path, and were told of. */
  #published = 0;
  #ended = false;

  /** Takes the target and the staged version: both are closed when the save has ended. */
  constructor(
    id: number,
    target: Target,
    staged: Prepared,
    content: Uint8Array,
    signal: AbortSignal,
    services: StagerServices,
  ) {
    this.#id = id;
    this.#target = target;
    this.#staged = staged;
    this.#made = [staged];
    this.#content = content;
    this.#signal = signal;
    this.#services = services;
  }

  /** What the save is if the keeper ends. */
  readonly ifStopped: Reason = 'gateStopped';

  /** The gate is shut, or was. */
  get armed(): boolean {
    return this.#armed;
  }

  /**
   * Resolves when the gate is shut, or refused.
   *
   * @param unseen the editor may not know what it would overwrite
   */
  arm(editor: number, unseen: boolean): Promise<Outcome | 'armed'> {
    const { place, handed: target } = this.#target;
    const answer = new Promise<Outcome | 'armed'>((resolve) => {
      this.#answer = resolve;
    });
    this.#services.toKeeper({
      kind: 'arm',
      id: this.#id,
      place,
      target,
      staged: this.#staged.handed,
      content: this.#content,
      editor,
      synced: this.#unsynced,
      unseen,
      givesUp: this.#services.givesUp,
    });
    this.#sync(this.#staged);
    return answer;
  }

  /** The text has changed before the editor has written it. */
  change(content: Uint8Array): void {
    this.#enqueue(() => this.#restage(content, undefined));
  }

  serve(request: GateRequest): void {
    switch (request.kind) {
      case 'locked':
        // Answered before there was anything staged.
        return;
      case 'armed':
        this.#armed = true;
        this.#answer?.('armed');
        return;
      case 'clone':
        this.#enqueue(() => this.#clone(request));
        return;
      case 'restage':
        this.#enqueue(() => this.#restage(this.#content, request.slot));
        return;
      case 'keep':
        this.#enqueue(async () => {
          try {
            await this.#services.keep(request.descriptor, request.mayBeWritten);
          } finally {
            this.#services.toKeeper({ kind: 'kept', id: this.#id });
          }
        });
        return;
      case 'published':
        this.#tellPublished();
        return;
      case 'ended':
        this.end(request.outcome);
    }
  }

  end(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    if (outcome.kind !== 'refused') this.#tellRest(outcome);
    this.#services.over();
    this.#answer?.(outcome);
    this.#enqueue(async () => {
      if (outcome.kind === 'published' && this.#services.durability === 'full') await this.#syncDirectory();
      // Before the gate was shut, whatever had displaced it was taken back.
      if (this.#armed && this.#target.facts.links > 1n) this.#services.separated(this.#target);
      for (const prepared of this.#made) prepared.close();
      this.#target.close();
    });
  }

  #tellPublished(): void {
    this.#published++;
    this.#services.published(this.#target.place);
  }

  /** The last version may have come in the keeper's last step. */
  #tellRest({ kind, counts }: Exclude<Outcome, { kind: 'refused' }>): void {
    if (counts.publishes > this.#published) this.#tellPublished();
    if (kind === 'withdrawn' && counts.publishes > 0) this.#services.writtenInPlace();
  }

  async #clone({ descriptor, of, slot }: CloneRequest): Promise<void> {
    const id = this.#id;
    try {
      const ahead = of === TARGET ? await this.#services.cloneAhead() : undefined;
      const clone = ahead ? this.#take(ahead) : await this.#makeClone(descriptor);
      const unreached = clone.handed.temporaryName === undefined;
      this.#services.toKeeper({ kind: 'cloned', id, slot, handed: { ...clone.handed, unreached } });
    } catch (thrown) {
      this.#services.toKeeper({
        kind: 'notCloned',
        id,
        error: describeError(thrown, 'clone', this.#target.facts.realPath),
      });
    }
  }

  async #makeClone(descriptor: number): Promise<Prepared> {
    const clone = this.#take(await this.#target.prepareClone(descriptor, this.#signal));
    // It will be at the path, and the only copy of the old version. A slow disk must not cost the gate.
    if (!this.#unsynced) await this.#services.syncInTime(() => clone.sync());
    return clone;
  }

  async #restage(content: Uint8Array, slot: Slot | undefined): Promise<void> {
    const id = this.#id;
    try {
      const staged = this.#take(await this.#target.prepareVersion(content, this.#signal, this.#staged.handed));
      this.#staged = staged;
      this.#content = content;
      this.#services.toKeeper({ kind: 'restaged', id, slot, handed: staged.handed, content, synced: this.#unsynced });
      this.#sync(staged);
    } catch (thrown) {
      const error = describeError(thrown, 'stage', this.#target.facts.realPath);
      // If it was not asked for: what the editor writes is compared in the end.
      if (slot !== undefined) this.#services.toKeeper({ kind: 'notRestaged', id, error });
    }
  }

  /** @throws SystemError if it lacks what the staged version has */
  #take(prepared: Prepared): Prepared {
    this.#made.push(prepared);
    const lost = prepared.losses.find((loss) => !isForeseen([loss], this.#services.givesUp));
    if (lost) throw lost.error ?? new SystemError(`keep ${lost.what}`, this.#target.facts.realPath, 'ENOTSUP');
    return prepared;
  }

  /** Nothing is to wait for the disk. */
  get #unsynced(): boolean {
    return this.#services.durability === 'none';
  }

  async #syncDirectory(): Promise<void> {
    const done = await this.#services
      .sync(() => this.#target.syncDirectory())
      .then(
        () => true,
        () => false,
      );
    this.#services.directorySynced(done);
  }

  /** The keeper waits for it only when the editor does, and not for ever. */
  #sync(prepared: Prepared): void {
    if (this.#unsynced) return;
    const { descriptor } = prepared.handed;
    const done = (): void => {
      if (!this.#ended) this.#services.toKeeper({ kind: 'synced', id: this.#id, descriptor });
    };
    this.#services.sync(() => prepared.sync()).then(done, done);
  }

  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work);
  }
}
