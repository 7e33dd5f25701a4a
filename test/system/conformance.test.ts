/** The scenarios of the simulated kernel, on the real one. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { compiled } from '../support/compiled';
import { type Bench, type Opener, scenarios } from '../support/conformance/site';
import { type FileSystem, mountFileSystem } from '../support/filesystems';
import { GateBench } from '../support/gate';
import { LineProgram } from '../support/lineProgram';
import { skip } from '../support/skip';

for (const name of ['host', 'ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay'] as const) {
  describe(`a site on ${name}`, function () {
    this.timeout(60_000);
    let fileSystem: FileSystem;
    let program: string;
    let gate: GateBench;
    let directory: string;
    let programs: LineProgram[];

    before(async function () {
      if (process.platform !== 'linux') skip(this, `gate.${name}`, 'only Linux');
      const mounted = mountFileSystem(name);
      if (typeof mounted === 'string') skip(this, `gate.${name}`, mounted);
      fileSystem = mounted;
      program = await compiled('opener');
      gate = new GateBench();
    });
    after(() => {
      gate.close();
      fileSystem.release();
      assert.deepEqual(gate.problems, []);
    });
    beforeEach(() => {
      directory = mkdtempSync(join(fileSystem.directory, 'conformance-'));
      writeFileSync(join(directory, 'target'), 'old');
      programs = [];
    });
    afterEach(async () => {
      gate.closeSites();
      await Promise.all(programs.map((one) => one.end()));
      gate.wait(0);
      rmSync(directory, { recursive: true });
    });

    async function opener(path: string): Promise<Opener> {
      const started = await LineProgram.start(program);
      programs.push(started);
      return {
        process: started.pid,
        open: (letters) => started.ask(`open ${letters} ${path}`),
        write: async (text) => assert.equal(await started.ask(`write ${text}`), 'WROTE'),
        close: async () => assert.equal(await started.ask('close'), 'CLOSED'),
      };
    }

    function bench(): Bench {
      const path = join(directory, 'target');
      const site = gate.site(path);
      return {
        site,
        believed: name !== 'overlay',
        target: () => gate.handed(path),
        staged: (bytes) => gate.staged(directory, bytes),
        opener: () => opener(path),
        broken: () => void gate.until('a broken lease', ({ leases }) => leases),
        waiting(slot, count) {
          gate.until('a broken lease', ({ leases }) => leases);
          // Only the first who comes is reported.
          const deadline = performance.now() + 10_000;
          while (site.waiting(slot).length < count && performance.now() < deadline) gate.wait(0);
          assert.equal(site.waiting(slot).length, count);
        },
        content: () => readFileSync(path, 'utf8'),
        replace(bytes) {
          writeFileSync(`${path}.theirs`, bytes);
          renameSync(`${path}.theirs`, path);
        },
        modified: () => statSync(path, { bigint: true }).mtimeNs,
        others: () => readdirSync(directory).length - 1,
      };
    }

    for (const [title, scenario] of Object.entries(scenarios)) it(title, () => scenario(bench()));
  });
}
