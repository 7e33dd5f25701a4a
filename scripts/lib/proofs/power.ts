import { losePower, powerLossLine } from '../../../test/support/powerLoss/powerLoss';
import { recordedFileSystems } from '../../../test/support/powerLoss/recordedDisk';
import { randomFrom } from '../../../test/support/random';
import type { Proof } from './proof';

/** Every moment of a save at which the power may go, on every file system, beside the stock editor. */
export async function provePower(seed: number): Promise<Proof> {
  const random = randomFrom(seed);
  const counts: unknown[] = [];
  let good = true;
  for (const fileSystem of recordedFileSystems) {
    for (const durability of ['stock', 'file', 'full'] as const) {
      for (const held of durability === 'stock' ? [false] : [false, true]) {
        for (const steps of [false, true]) {
          const plan = { fileSystem, durability, held, steps };
          const found = await losePower(plan, Infinity, random);
          if (typeof found === 'string') throw new Error(found);
          console.log(powerLossLine(plan, found));
          counts.push({ ...plan, ...found });
          if (durability === 'stock') good &&= !steps || found.neither.length > 0;
          else
            good &&=
              found.neither.length + found.left.length === 0 && (durability === 'file' || found.oldAfterEnd === 0);
        }
      }
    }
  }
  return { good, counts };
}
