/** Heals, and other programs at any time between any two of their calls. */
import assert from 'node:assert/strict';

import { exploreHeals, randomHeals } from '../support/sim/healRuns';
import type { Doing, HealSetup, Mutant } from '../support/sim/healWorld';
import { randomFrom } from '../support/random';
import { tell } from '../support/sim/told';

const proving = process.env['HOLDFAST_SIM'] === 'prove';
const switches = proving ? 4 : 2;
const most = proving ? 300_000 : 10_000;
const randomly = proving ? 100_000 : 1_500;

const cp: Doing = { how: 'rewrite', bytes: 'new\n' };
const tee: Doing = { how: 'rewrite', bytes: 'other\n' };
const more: Doing = { how: 'append', bytes: 'more\n' };
const last: Doing = { how: 'append', bytes: 'last\n' };
const mv: Doing = { how: 'rename', bytes: 'moved\n' };

const staying: Doing = { how: 'append', bytes: 'more\n', stays: true };

const setups: Readonly<Record<string, HealSetup>> = {
  'one writer': { programs: [cp] },
  'one that appends': { programs: [more] },
  'one that rewrites and one that appends': { programs: [cp, more] },
  'two that rewrite': { programs: [cp, tee] },
  'two that append': { programs: [more, last] },
  'three of them': { programs: [cp, more, last] },
  'one that rewrites, and a rename': { programs: [cp, mv] },
  'two that append while it is healed': { programs: [cp, more, last], later: true },
  'two that append and one that rewrites while it is healed': { programs: [cp, more, tee, last], later: true },
  'one that rewrites, and one that stays': { programs: [cp, staying] },
  'one that rewrites, and one that stays while it is healed': { programs: [cp, staying, last], later: true },
  'one, and the system refuses': { programs: [cp], refusals: ['lease', 'leaseNew', 'listen', 'restore'] },
  'two, and the system refuses': {
    programs: [cp, more],
    refusals: ['lease', 'listen', 'restore', 'replay'],
    later: true,
  },
  'three, one stays, and the system refuses': {
    programs: [cp, more, { ...last, stays: true }],
    refusals: ['lease', 'listen', 'restore', 'replay'],
    later: true,
  },
  'one that is stopped in the middle of its open': { programs: [cp, more], stalls: true, later: true },
  'two that are stopped in the middle of their open': { programs: [cp, more, last], stalls: true, later: true },
};

const mutants: readonly Mutant[] = [
  { name: 'does not wait for quiet', hasty: true, twist: () => ({ hasCome: () => false, isRestored: () => true }) },
  { name: 'does not see who has come', hasty: true, twist: () => ({ hasCome: () => false }) },
  { name: 'does not look who is at the new inode', careless: true },
  { name: 'puts nothing back', twist: () => ({ putBack: () => 'back' }) },
  { name: 'writes nothing anew', twist: () => ({ replay: () => true }) },
  { name: 'believes that it has restored', twist: () => ({ isRestored: () => true }) },
  { name: 'does not restore', twist: (_healing, { heldInode }) => ({ restore: () => heldInode.length }) },
  { name: 'leaves its name', twist: () => ({ end: () => undefined }) },
];

describe('a heal in a simulated kernel', function () {
  this.timeout(proving ? 3_600_000 : 60_000);

  for (const [name, setup] of Object.entries(setups)) {
    it(`loses nothing that anybody wrote, and leaves no mixture: ${name}`, () => {
      const began = performance.now();
      const found = exploreHeals(setup, switches, most);
      assert.equal(found.failure, undefined, JSON.stringify(found.failure, undefined, 1));
      const seed = Math.floor(Math.random() * 2 ** 31);
      const chance = randomHeals(setup, randomly, randomFrom(seed));
      assert.equal(chance.failure, undefined, `seed ${String(seed)}: ${JSON.stringify(chance.failure, undefined, 1)}`);
      const ends = [...found.ends].map(([end, times]) => `${end === '' ? 'nothing' : end} ${String(times)}`).join('; ');
      tell(began, {
        name: `a heal: ${name}${found.cut ? ', not to its end' : ''}`,
        orders: found.runs,
        runs: randomly,
        seed,
      });
      console.log(`      ${ends}`);
      assert.ok([...found.ends.keys()].some((end) => end.includes('healed')));
    });
  }

  for (const mutant of mutants) {
    it(`notices a guard that ${mutant.name}`, () => {
      const caught = Object.entries(setups).find(
        ([, setup]) =>
          exploreHeals(setup, switches, most, mutant).failure ??
          randomHeals(setup, randomly, randomFrom(1), mutant).failure,
      );
      assert.ok(caught, 'nothing notices it');
      console.log(`      ${caught[0]}`);
    });
  }
});
