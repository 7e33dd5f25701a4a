/** As many files as are watched at most, and a program that searches all of them again and again. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { lookout } from '../../src/core/holders/limits';
import type { LookoutAnswer } from '../../src/core/holders/messages';
import type { HolderFinder } from '../../src/core/holders/ports';
import { LineCounts } from '../../src/keeper/lineCounts';
import { WatchDesk } from '../../src/keeper/watchDesk';
import { openLookout } from '../../src/platform/select';
import { skip } from '../support/skip';

/** Milliseconds: passes become rarer for two seconds, and are as rare as they get from then on. */
const [rarer, searched] = [2_000, 6_000];

describe('as many files as are watched at most', function () {
  this.timeout(120_000);
  it('cost a pass a second while a program searches all of them, and nothing afterwards', async function () {
    if (process.platform !== 'linux') skip(this, 'lookout', 'only Linux');
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-many-'));
    const paths = Array.from({ length: lookout.files }, (_, index) => join(folder, `file-${String(index)}`));
    for (const path of paths) writeFileSync(path, 'content\n');
    const system = openLookout();
    const clock = (): number => performance.now();
    const passes: number[] = [];
    const finder = new Proxy(system.finder, {
      get(target, name: keyof HolderFinder) {
        if (name === 'pass') passes.push(clock());
        return target[name].bind(target);
      },
    });
    const told: LookoutAnswer[] = [];
    const tell = (answer: LookoutAnswer): void => void told.push(answer);
    const parts = { editor: 1, lines: new LineCounts(), now: Date.now, clock, tell };
    const desk = new WatchDesk({ system: { ...system, finder }, ...parts });
    /** Does what the lookout's thread does, for so long or until nothing more is due. */
    const run = (milliseconds: number, untilQuiet = false): void => {
      for (const end = clock() + milliseconds; clock() < end;) {
        const { milliseconds: due, uses } = desk.sleep();
        if (untilQuiet && due === undefined) return;
        desk.woken(system.waiter.wait(Math.min(due ?? Infinity, end - clock()), uses));
      }
      assert.ok(!untilQuiet, 'there is no end');
    };
    const search = spawn('sh', ['-c', 'while :; do grep -r nothing "$1"; done', 'sh', folder], { stdio: 'ignore' });
    try {
      await once(search, 'spawn');
      desk.watch(paths);
      const began = clock();
      run(searched);
      const late = passes.filter((at) => at > began + rarer);
      console.log(
        `      ${String(Math.min(paths.length, system.pinsAtMost))} files, ${String(passes.length)} passes in ${String(searched)} ms, ${String(late.length)} after ${String(rarer)}`,
      );
      assert.ok(late.length > 0, 'who is on them is looked at');
      assert.ok(late.length <= (searched - rarer) / lookout.longestRest + 1, late.join(', '));
      search.kill('SIGKILL');
      await once(search, 'exit');
      run(30_000, true);
      const before = passes.length;
      run(1_500);
      assert.equal(passes.length, before, 'nobody uses them');
      const problems = told.filter((answer) => answer.kind === 'problem');
      assert.deepEqual(problems, []);
    } finally {
      search.kill('SIGKILL');
      desk.close();
      system.waiter.close();
      rmSync(folder, { recursive: true });
    }
  });
});
