import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { generated } from '../../scripts/lib/manifest';

describe('generated files', () => {
  for (const [path, make] of Object.entries(generated)) {
    it(`${path} is what the tables make of it (npm run generate)`, () => {
      const now = readFileSync(path, 'utf8');
      assert.equal(make(now), now);
    });
  }
});
