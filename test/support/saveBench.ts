import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { KeeperEvent } from '../../src/core/guard';
import { KeeperClient } from '../../src/keeper/client';
import { within } from './deadline';
import { projectFolder } from './editor/installations';

const deadline = 15_000;

/** One file, and the threads that guard it; the keeper's is one that `Faults` can make fail. */
export interface SaveBench {
  /** With nothing in it but the file. */
  readonly folder: string;
  readonly storage: string;
  readonly path: string;
  readonly client: KeeperClient;
  readonly events: KeeperEvent[];
  /** Resolves when so many events of this kind have come. */
  event(kind: KeeperEvent['kind'], count: number): Promise<void>;
  /** When the threads have ended. */
  remove(): void;
}

export async function openSaveBench(parent: string, content: string, editor: number): Promise<SaveBench> {
  const folder = mkdtempSync(join(parent, 'holdfast-faults-'));
  const storage = mkdtempSync(join(tmpdir(), 'holdfast-storage-'));
  const path = join(folder, 'file');
  const events: KeeperEvent[] = [];
  let wake: () => void = () => undefined;
  const event = (kind: KeeperEvent['kind'], count: number): Promise<void> =>
    within(
      deadline,
      `${String(count)} times ${kind}`,
      new Promise((resolve) => {
        wake = () => {
          if (events.filter((happened) => happened.kind === kind).length >= count) resolve();
        };
        wake();
      }),
    );
  writeFileSync(path, content);
  const out = join(projectFolder(), 'out');
  const client = new KeeperClient(
    {
      stager: join(out, 'src', 'keeper', 'stager.cjs'),
      keeper: join(out, 'test', 'support', 'faultyKeeper.entry.cjs'),
    },
    { storageFolder: storage, editor },
    (happened) => {
      events.push(happened);
      wake();
    },
  );
  client.start();
  await event('gateReady', 1);
  const remove = (): void => {
    rmSync(folder, { recursive: true });
    rmSync(storage, { recursive: true });
  };
  return { folder, storage, path, client, events, event, remove };
}
