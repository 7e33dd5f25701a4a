import assert from 'node:assert/strict';

import { runScripts, summarize, type ScriptRun } from '../../support/scenarios/runningScripts';
import { act, activated, isOldest, scratchFolder } from './inside';

describe('running bash scripts', function () {
  this.timeout(600_000);

  const count = isOldest() ? 10 : 24;

  it(`${String(count)} of them go on as if nothing had happened; as many in the stock editor do not`, async () => {
    await activated();
    const folder = await scratchFolder();
    const seed = 20_261_120;
    let runs: readonly ScriptRun[];
    try {
      runs = await runScripts(act, folder.path, count, seed, () => undefined);
    } finally {
      await folder.dispose();
    }
    const stock = summarize(runs, false);
    const guarded = summarize(runs, true);
    console.log(`seed ${String(seed)}: stock ${JSON.stringify(stock)}, guarded ${JSON.stringify(guarded)}`);
    assert.deepEqual(
      runs.filter((run) => run.guarded && run.disturbed),
      [],
    );
    assert.deepEqual(
      runs.filter((run) => !run.diskEqualsDocument),
      [],
    );
    assert.equal(guarded.runs, count);
    assert.ok(guarded.fewestStepsAfterSave >= 5, `fewest steps after a save: ${String(guarded.fewestStepsAfterSave)}`);
    const { disturbed } = stock;
    assert.ok(
      disturbed >= 0.8 * count,
      `stock disturbed ${String(disturbed)} of ${String(count)}: the test shows nothing`,
    );
  });
});
