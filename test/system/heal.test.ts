/** Files that are healed after another program has written them in place, on the real kernel. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Violation } from '../../src/core/violations/violation';
import { LineProgram } from '../support/lineProgram';
import { openDescriptors } from '../support/platform';
import { SentryBench } from '../support/sentryBench';
import { skip } from '../support/skip';

const scriptText = `echo READY\nread x\necho went on\n`;
const otherText = `echo READY\nread x\necho WRONG\necho and more\n`;

describe('a file that is healed', function () {
  this.timeout(60_000);
  let folder: string;
  let bench: SentryBench;
  let descriptors: string[];
  const scripts: LineProgram[] = [];

  before(function () {
    if (process.platform !== 'linux') skip(this, 'violations', 'only Linux');
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-heal-'));
    descriptors = openDescriptors();
    bench = new SentryBench(join(folder, 'copies'));
  });

  afterEach(async () => {
    for (const bash of scripts.splice(0)) await bash.kill();
    await bench.stop();
    const left = openDescriptors().filter((one) => !descriptors.includes(one) && !one.includes('eventfd'));
    assert.deepEqual(left, []);
    assert.deepEqual(
      bench.events.filter(({ kind }) => kind !== 'sentryReady' && kind !== 'violation' && kind !== 'violationOver'),
      [],
    );
    rmSync(folder, { recursive: true });
  });

  async function run(): Promise<{ readonly path: string; readonly bash: LineProgram }> {
    const path = join(folder, 'job.sh');
    writeFileSync(path, scriptText, { mode: 0o751 });
    writeFileSync(join(folder, 'new'), otherText);
    const bash = await LineProgram.start('bash', path);
    scripts.push(bash);
    return { path, bash };
  }

  /** What the holder has. */
  function held({ pid }: LineProgram): string {
    return readFileSync(`/proc/${String(pid)}/fd/255`, 'latin1');
  }

  async function healed(path: string): Promise<Violation> {
    const violation = await bench.told(path);
    assert.equal(violation?.healed?.is, 'healed', JSON.stringify(violation));
    return violation;
  }

  it('has what was written at the path, and what runs goes on with what it had', async () => {
    const { path, bash } = await run();
    const { ino } = statSync(path);
    await bench.guard(path, bash.pid, true, true);
    execFileSync('cp', [join(folder, 'new'), path]);
    const violation = await healed(path);
    console.log(violation.healed);
    assert.deepEqual(
      violation.writers.map(({ program }) => program),
      ['cp'],
    );
    assert.equal(held(bash), scriptText);
    assert.equal(readFileSync(path, 'latin1'), otherText);
    assert.notEqual(statSync(path).ino, ino);
    assert.equal(statSync(path).mode & 0o777, 0o751);
    assert.deepEqual(readdirSync(folder).toSorted(), ['copies', 'job.sh', 'new'], 'no name is left');
    assert.deepEqual(readdirSync(join(folder, 'copies')), [], 'no record is left');
    assert.equal(await bash.ask(), 'went on');
    assert.deepEqual(await bash.end(), ['READY', 'went on']);
  });
});
