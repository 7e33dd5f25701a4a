import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Tally } from '../../../test/support/sim/told';
import { mochaStage } from '../mochaStage';
import type { Proof } from './proof';

/** The simulated kernel's worlds to their end, and random ones from this seed on: in two processes, of which one has the worlds of the gate. */
export async function proveSim(seed: number): Promise<Proof> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-tally-'));
  const tally = join(folder, 'tally');
  const environment = { HOLDFAST_SIM: 'prove', HOLDFAST_SEED: String(seed), HOLDFAST_TALLY: tally };
  const stage = (name: string, suites: readonly string[]): ReturnType<typeof mochaStage> =>
    mochaStage(
      name,
      suites.map((suite) => join('out', 'test', 'sim', `${suite}.test.cjs`)),
      environment,
    );
  try {
    const results = (
      await Promise.all([stage('One window', ['gate']), stage('Two windows, and heals', ['windows', 'heal'])])
    ).flat();
    const lines = (await readFile(tally, 'utf8')).trimEnd().split('\n');
    const failed = results.filter(({ state }) => state === 'failed').map(({ title }) => title);
    const counts = { tests: results.length, failed, worlds: lines.map((line) => JSON.parse(line) as Tally) };
    return { good: failed.length === 0, counts };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
