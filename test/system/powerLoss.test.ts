import assert from 'node:assert/strict';

import { losePower, powerLossLine, type PowerLosses, type PowerLossPlan } from '../support/powerLoss/powerLoss';
import { recordedFileSystems } from '../support/powerLoss/recordedDisk';
import { randomFrom } from '../support/random';
import { skip } from '../support/skip';

/** Moments that are tried of each save. */
const most = 15;

describe('a disk whose power goes in the middle of a save', function () {
  this.timeout(120_000);

  async function lose(context: Mocha.Context, plan: PowerLossPlan, moments = most): Promise<PowerLosses> {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const found = await losePower(plan, moments, randomFrom(seed));
    if (typeof found === 'string') skip(context, `powerLoss.${plan.fileSystem}`, found);
    console.log(`      seed ${String(seed)}, ${powerLossLine(plan, found)}`);
    return found;
  }

  for (const fileSystem of recordedFileSystems) {
    for (const durability of ['file', 'full'] as const) {
      for (const held of [false, true]) {
        it(`has the old or the new version: ${fileSystem}, ${durability}, ${held ? 'held' : 'free'}`, async function () {
          for (const steps of [false, true]) {
            const found = await lose(this, { fileSystem, durability, held, steps });
            assert.deepEqual([found.neither, found.left], [[], []]);
            assert.ok(found.tried > 5);
            if (durability === 'full') assert.equal(found.oldAfterEnd, 0, 'what VS Code calls saved is on the disk');
          }
        });
      }
    }

    it(`may have neither of them where the stock editor saves: ${fileSystem}`, async function () {
      const found = await lose(this, { fileSystem, durability: 'stock', held: false, steps: true }, Infinity);
      assert.notEqual(found.neither.length, 0);
    });
  }
});
