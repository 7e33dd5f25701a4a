/** A keeper's thread that is stuck while an editor waits for it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import type { KeeperEvent } from '../../src/core/guard';
import { limits } from '../../src/core/limits';
import { KeeperClient } from '../../src/keeper/client';
import { compiled } from '../support/compiled';
import { within } from '../support/deadline';
import { projectFolder } from '../support/editor/installations';
import { LineProgram } from '../support/lineProgram';

describe('a keeper that is stuck', function () {
  this.timeout(30_000);

  it('is relieved of its leases, so that the editor goes on; then another one is started', async () => {
    const out = join(projectFolder(), 'out');
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-stuck-'));
    const editor = await LineProgram.start(await compiled('stand-in-editor'));
    const events: KeeperEvent[] = [];
    let told: () => void = () => undefined;
    const client = new KeeperClient(
      {
        stager: join(out, 'src', 'keeper', 'stager.cjs'),
        keeper: join(out, 'test', 'support', 'stuckKeeper.entry.cjs'),
      },
      { workshopFolder: join(folder, 'workshop'), keptFolder: join(folder, 'kept') },
      (event) => {
        events.push(event);
        told();
      },
    );
    const event = (kind: KeeperEvent['kind'], count = 1): Promise<void> =>
      within(
        10_000,
        kind,
        new Promise((resolve) => {
          told = () => {
            if (events.filter((happened) => happened.kind === kind).length >= count) resolve();
          };
          told();
        }),
      );
    try {
      const path = join(folder, 'file');
      writeFileSync(path, 'old\n');
      client.start();
      await event('gateReady');
      const save = client.beforeSave(path, { content: Buffer.from('nnnn'), editor: editor.pid });
      await save.answered;
      const began = performance.now();
      assert.equal(await editor.ask(`save ${path} 4 n 4`), 'SAVED');
      const held = performance.now() - began;
      // One beat may have been seen just before it got stuck; the rest is for a machine that is busy.
      assert.ok(held < (limits.keeperMisses + 1) * limits.keeperBeats + 1_000, `held for ${held.toFixed(0)} ms`);
      assert.equal(readFileSync(path, 'utf8'), 'nnnn');
      const { level, reason } = await within(10_000, 'the end of the save', save.reached);
      assert.deepEqual([level, reason], ['detached', 'gateStopped']);
      const died = events.find(({ kind }) => kind === 'gateDied');
      assert.ok(died?.kind === 'gateDied' && died.startedAgain);
      await event('gateReady', 2);
    } finally {
      await client.stop();
      await editor.end();
      rmSync(folder, { recursive: true });
    }
  });
});
