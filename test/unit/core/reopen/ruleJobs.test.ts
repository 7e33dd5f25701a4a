import assert from 'node:assert/strict';

import type { ErrorFacts } from '../../../../src/core/errors';
import type { Candidate } from '../../../../src/core/holders/named';
import { reopen } from '../../../../src/core/reopen/limits';
import { RuleJobs, type Chosen } from '../../../../src/core/reopen/ruleJobs';
import { parseRules, type Job, type Rule } from '../../../../src/core/reopen/rules';

/** A question that waits for its answer. */
interface Asked {
  readonly path: string;
  readonly which: 'whether' | 'of';
  readonly answer: (chosen: Chosen | 'none') => void;
}

class World {
  found: readonly Candidate[] | ErrorFacts | undefined;
  readonly asked: Asked[] = [];
  readonly acted: string[] = [];
  readonly leftOut: string[] = [];
  /** Looks that wait until they are let go on. */
  readonly looks: (() => void)[] = [];
  /** What is under way takes until then. */
  held: Promise<void> | undefined;
  readonly #jobs = new RuleJobs<string>({
    find: async () => {
      const { found } = this;
      await new Promise<void>((resolve) => this.looks.push(resolve));
      return found;
    },
    ask: ({ path }, which) => new Promise((resolve) => this.asked.push({ path, which, answer: resolve })),
    act: async ({ path }, chosen) => {
      await this.held;
      return chosen ? `${path} to ${[...chosen].join(', ')}` : path;
    },
    acted: (_, result) => this.acted.push(result),
    leftOut: ({ path }, why) => this.leftOut.push(`${path} ${typeof why === 'string' ? why : why.errno}`),
  });

  /** As far as it can get by then. */
  async save(rule: Rule, path: string, inFolder = true): Promise<void> {
    const job: Job = { rule, path, folder: inFolder ? '/w' : undefined };
    void this.#jobs.add(job);
    await this.look();
  }

  async look(): Promise<void> {
    await settled();
    for (const look of this.looks.splice(0)) look();
    await settled();
  }

  async answer(path: string, chosen: Chosen | 'none'): Promise<void> {
    const one = this.asked.find((asked) => asked.path === path);
    assert.ok(one, `asked about ${path}`);
    this.asked.splice(this.asked.indexOf(one), 1);
    one.answer(chosen);
    await settled();
  }

  /** What is asked about now. */
  get open(): readonly string[] {
    return this.asked.map(({ path }) => path);
  }
}

/** Everything that can happen has. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function rule(raw: object): Rule {
  const [one] = parseRules([{ files: '**', ...raw }])?.rules ?? [];
  assert.ok(one);
  return one;
}

const candidate = (pid: number): Candidate => ({
  process: { pid, started: 5 },
  program: 'nginx',
  since: 0,
  caught: ['SIGHUP'],
});

describe('rules that ask', () => {
  const perFile = rule({ action: ['caddy', '--config', '${file}'], ask: true });
  const noFile = rule({ action: ['make'], ask: true });

  it('do it for the file that was asked about, whatever was saved since', async () => {
    for (const one of [perFile, noFile]) {
      const world = new World();
      await world.save(one, '/w/a.conf');
      await world.save(one, '/w/b.conf');
      assert.deepEqual([world.open, world.acted], [['/w/a.conf', '/w/b.conf'], []]);
      await world.answer('/w/a.conf', undefined);
      assert.deepEqual([world.open, world.acted], [['/w/b.conf'], ['/w/a.conf']]);
      await world.answer('/w/b.conf', 'none');
      assert.deepEqual([world.acted, world.leftOut], [['/w/a.conf'], ['/w/b.conf notWanted']]);
    }
  });

  it('ask at each save, though nobody has answered yet', async () => {
    const world = new World();
    for (let save = 1; save <= 3; save++) {
      await world.save(perFile, '/w/a.conf');
      assert.equal(world.open.length, save);
    }
    await world.answer('/w/a.conf', 'none');
    await world.answer('/w/a.conf', undefined);
    assert.deepEqual([world.acted, world.open.length], [['/w/a.conf'], 1]);
  });

  it('ask of several programs, and do it to those that were chosen', async () => {
    const world = new World();
    world.found = [candidate(7), candidate(8)];
    const signal = rule({ process: { executable: '/n' }, action: 'SIGHUP' });
    await world.save(signal, '/w/a.conf');
    world.found = [candidate(7)];
    await world.save(signal, '/w/b.conf');
    assert.deepEqual([world.open, world.acted], [['/w/a.conf'], ['/w/b.conf to 7 5']]);
    assert.equal(world.asked[0]?.which, 'of');
    await world.answer('/w/a.conf', new Set(['8 5']));
    assert.deepEqual(world.acted, ['/w/b.conf to 7 5', '/w/a.conf to 8 5']);
  });
});

describe('rules that do not ask', () => {
  it('do the same once for saves that come together, and what is for each file for each', async () => {
    const command = (...words: readonly string[]): Rule => rule({ action: words });
    const rows: readonly (readonly [Rule, boolean, readonly string[]])[] = [
      [command('make'), true, ['/w/x/b']],
      [command('make', '${file}'), true, ['/w/a', '/w/x/b']],
      // Run beside the file.
      [command('make'), false, ['/w/a', '/w/x/b']],
    ];
    for (const [one, inFolder, acted] of rows) {
      const world = new World();
      await Promise.all([world.save(one, '/w/a', inFolder), world.save(one, '/w/x/b', inFolder)]);
      assert.deepEqual(world.acted, acted);
    }
  });

  it('look once more where others were under way when something was saved after the look', async () => {
    const world = new World();
    let go: () => void = () => undefined;
    world.held = new Promise((resolve) => (go = resolve));
    for (let at = 0; at < reopen.actions; at++) await world.save(rule({ action: [`make${String(at)}`] }), '/w/x');
    const signal = rule({ process: { executable: '/n' }, action: 'SIGHUP' });
    world.found = [candidate(7)];
    await world.save(signal, '/w/a');
    // It is restarted.
    world.found = [candidate(8)];
    await world.save(signal, '/w/b');
    assert.deepEqual(world.acted, []);
    go();
    await world.look();
    assert.deepEqual(world.acted, [...(Array(reopen.actions).fill('/w/x') as string[]), '/w/b to 8 5']);
  });

  it('look once more when something was saved after the look', async () => {
    const world = new World();
    world.found = [];
    const signal = rule({ process: { executable: '/n' }, action: 'SIGHUP' });
    const first = world.save(signal, '/w/a');
    world.found = [candidate(7)];
    await Promise.all([first, world.save(signal, '/w/b')]);
    assert.deepEqual(world.leftOut, ['/w/a notRunning']);
    await world.look();
    assert.deepEqual(world.acted, ['/w/b to 7 5'], 'the program had been started meanwhile');
    world.found = { operation: 'kill', path: '', errno: 'ESTALE', detail: '' };
    await world.save(signal, '/w/a');
    assert.deepEqual(world.leftOut, ['/w/a notRunning', '/w/a ESTALE']);
  });
});
