import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { describeError, type ErrorFacts } from '../core/errors';
import type { KeptVersion, KeptWhy } from '../core/kept';
import type { Answer, KeptOrder } from '../core/messages';
import { KeptVersions, type Seen } from '../platform/kept';

/** What the stager does with kept versions, and what it says about them. Nothing but `keep` rejects. */
export class KeptDesk {
  readonly #folder: string;
  readonly #kept: KeptVersions;
  readonly #tell: (answer: Answer) => void;

  constructor(folder: string, tell: (answer: Answer) => void) {
    this.#folder = folder;
    this.#kept = new KeptVersions(folder);
    this.#tell = tell;
  }

  /** Copies what the descriptor has open, as a version of `path`. Rejects with what it has told of. */
  async keep(why: KeptWhy, path: string, descriptor: number, seen?: Seen): Promise<void> {
    try {
      const file = await this.#kept.keep(descriptor, path, why, Date.now(), seen);
      this.#tell({ kind: 'kept', path, file, why });
    } catch (thrown) {
      this.#tell({ kind: 'notKept', path, why, error: describeError(thrown, 'keep', path) });
      throw thrown;
    }
  }

  async serve(order: KeptOrder): Promise<void> {
    const { id } = order;
    try {
      const versions = await this.#obey(order);
      this.#tell({ kind: 'keptAnswer', id, ...(versions ? { versions } : {}) });
    } catch (thrown) {
      const error = describeError(thrown, order.kind, 'path' in order ? order.path : this.#folder);
      this.#problem(error);
      this.#tell({ kind: 'keptAnswer', id, error });
    }
  }

  /** The user has been told of these files. */
  async told(files: readonly string[]): Promise<void> {
    await this.#trying(() => this.#kept.tell(files));
  }

  /** Removes what has been kept for long enough. The files of which the user has not been told; `undefined`: not known. */
  async prune(): Promise<readonly string[] | undefined> {
    return this.#trying(async () => {
      for (const { path, file } of await this.#kept.prune(Date.now(), this.#problem)) {
        this.#tell({ kind: 'keptExpired', path, file });
      }
      return (await this.#kept.list(this.#problem)).filter(({ told }) => !told).map(({ file }) => file);
    });
  }

  readonly #problem = (error: ErrorFacts): void => {
    this.#tell({ kind: 'keptProblem', error });
  };

  async #trying<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await work();
    } catch (thrown) {
      this.#problem(describeError(thrown, 'kept', this.#folder));
      return undefined;
    }
  }

  async #obey(order: KeptOrder): Promise<readonly KeptVersion[] | undefined> {
    switch (order.kind) {
      case 'listKept':
        return this.#kept.list(this.#problem);
      case 'putBackKept':
        await this.#kept.putBack(order.file);
        return undefined;
      case 'removeKept':
        await this.#kept.remove(order.file);
        return undefined;
      case 'keepCurrent': {
        const file = await open(order.path, constants.O_RDONLY | constants.O_NONBLOCK);
        try {
          await this.#kept.keep(file.fd, order.path, 'restored', Date.now());
          return undefined;
        } finally {
          await file.close();
        }
      }
    }
  }
}
