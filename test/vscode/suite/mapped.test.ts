import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { compiled } from '../../support/compiled';
import { LineProgram } from '../../support/lineProgram';
import { act, activated, scratchFolder } from './inside';

describe('a program that has the file mapped', function () {
  this.timeout(60_000);
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  let mapper: string;
  before(async () => {
    await activated();
    mapper = await compiled('mapper');
    folder = await scratchFolder();
  });
  after(async () => {
    await act.enable(true);
    await folder.dispose();
  });

  for (const kind of ['private', 'shared'] as const) {
    it(`${kind}: keeps its bytes when the document is saved shorter; in the stock editor it gets SIGBUS`, async () => {
      const after: Record<string, boolean> = {};
      let seen = '';
      for (const guarded of [false, true]) {
        const path = join(folder.path, `${kind}-${guarded ? 'guarded' : 'stock'}.txt`);
        await writeFile(path, 'a line of some length\n'.repeat(5_000));
        await act.enable(guarded);
        await act.open(path);
        const program = await LineProgram.start(mapper, kind, path);
        try {
          const before = await program.ask();
          assert.match(before, /^SUM /);
          await act.edit(path, 'empty');
          await act.save(path, 'save');
          seen = await program.ask();
          after[guarded ? 'guarded' : 'stock'] = seen === before;
          if (!guarded) assert.equal(seen, 'SIGBUS');
        } finally {
          await program.end();
        }
      }
      assert.deepEqual(after, { stock: false, guarded: true }, seen);
    });
  }
});
