import assert from 'node:assert/strict';

import { flagLoadLine, flagShortcomings, languages, loadFlags } from '../support/flags/load';

const publishes = Number(process.env['HOLDFAST_PUBLISHES'] ?? 400);

describe('flags under load', function () {
  this.timeout(600_000);
  for (const language of languages) {
    it(`tell every reader of every publish (${language})`, async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const load = await loadFlags(language, publishes, seed);
      console.log(`      seed ${String(seed)}, ${flagLoadLine(load)}`);
      assert.deepEqual(flagShortcomings(load), []);
    });
  }
});
