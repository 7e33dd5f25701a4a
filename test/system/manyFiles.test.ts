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

/** Milliseconds. */
const searched = 6_000;

describe('as many files as are watched at most', function () {
  this.timeout(120_000);
  it('cost a pass a second while a program searches all of them, and nothing afterwards', async function () {
    if (process.platform !== 'linux') skip(this, 'lookout', 'only Linux');
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-many-'));
    const paths = Array.from({ length: lookout.files }, (_, index) => join(folder, `file-${String(index)}`));
    for (const path of paths) writeFileSync(path, 'content\n');
    const system = openLookout();
    const clock = (): number => performance.now();
    const passes: { readonly began: number; readonly ended: number }[] = [];
    let woken = 0;
    const finder: HolderFinder = new Proxy(system.finder, {
      get(target, name: keyof HolderFinder) {
        if (name !== 'pass') return target[name].bind(target);
        return (...wanted: Parameters<HolderFinder['pass']>) => {
          const found = target.pass(...wanted);
          // With the look at the paths, which comes first.
          passes.push({ began: woken, ended: clock() });
          return found;
        };
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
        const wake = system.waiter.wait(Math.min(due ?? Infinity, end - clock()), uses);
        woken = clock();
        desk.woken(wake);
      }
      assert.ok(!untilQuiet, 'there is no end');
    };
    const search = spawn('sh', ['-c', 'while :; do grep -r nothing "$1"; done', 'sh', folder], { stdio: 'ignore' });
    try {
      await once(search, 'spawn');
      desk.watch(paths);
      run(searched);
      const rests = passes.slice(1).map(({ began }, index) => began - (passes[index]?.ended ?? 0));
      console.log(
        `      ${String(Math.min(paths.length, system.pinsAtMost))} files, ${String(passes.length)} passes in ${String(searched)} ms, rests ${rests.map(Math.round).join(', ')}`,
      );
      assert.ok(rests.length > 0 && Math.max(...rests) > 3 * lookout.shortestRest, 'they go on, and become rarer');
      let least: number = lookout.shortestRest;
      for (const rest of rests) {
        assert.ok(rest > least - 1, `${String(rest)} ms instead of ${String(least)}`);
        // Where the search itself got no processor for so long, all was quiet.
        least = rest < 2 * least ? Math.min(2 * least, lookout.longestRest) : lookout.shortestRest;
      }
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
