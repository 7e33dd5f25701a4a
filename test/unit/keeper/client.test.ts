import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import type { KeeperEvent } from '../../../src/core/guard';
import { limits } from '../../../src/core/limits';
import { KeeperClient } from '../../../src/keeper/client';

/** Keepers that misbehave, each in its own way. */
const keepers = {
  answers: `port.on('message', (order) => {
    if (order.kind === 'stop') return port.close();
    if (order.kind === 'save') Atomics.store(new Int32Array(order.claim), 0, 1);
    if (order.kind !== 'cancel') port.postMessage({ kind: 'report', id: order.id, report: good });
  });`,
  diesAtOnce: `throw new Error('broken on purpose');`,
  diesOnSave: `port.on('message', (order) => {
    if (order.kind === 'save') process.exit(3);
    if (order.kind === 'stop') port.close();
  });`,
  neverAnswers: `port.on('message', () => {});`,
  claimsAndHangs: `port.on('message', (order) => {
    if (order.kind === 'save') Atomics.store(new Int32Array(order.claim), 0, 1);
  });`,
  claimsWhenStopped: `let save;
    port.on('message', (order) => {
      if (order.kind === 'save') save = order;
      if (order.kind !== 'stop') return;
      const mayRename = Atomics.compareExchange(new Int32Array(save.claim), 0, 0, 1) === 0;
      port.postMessage({ kind: 'report', id: save.id, report: mayRename ? good : late });
      port.close();
    });`,
  answersWhenCancelled: `port.on('message', (order) => {
    if (order.kind === 'cancel') port.postMessage({ kind: 'report', id: order.id, report: late });
    if (order.kind === 'assess') port.postMessage({ kind: 'report', id: order.id, report: good });
    if (order.kind === 'stop') port.close();
  });`,
} as const;

const head = `
  const { parentPort: port } = require('node:worker_threads');
  const good = { level: 'detached', reason: 'noLeases', synced: true };
  const late = { level: 'direct', reason: 'tooSlow' };
`;

describe('KeeperClient', function () {
  this.timeout(10_000);
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-keeper-'));
  const started: KeeperClient[] = [];
  after(() => {
    rmSync(folder, { recursive: true });
  });
  afterEach(async () => {
    for (const client of started.splice(0)) await client.stop();
  });

  function start(kind: keyof typeof keepers): {
    client: KeeperClient;
    events: KeeperEvent[];
    next: () => Promise<void>;
  } {
    const script = join(folder, `${kind}.cjs`);
    writeFileSync(script, head + keepers[kind]);
    const events: KeeperEvent[] = [];
    let wake: () => void = () => undefined;
    const client = new KeeperClient(
      { stager: script, keeper: undefined },
      { storageFolder: folder, editor: process.pid },
      (event) => {
        events.push(event);
        wake();
      },
    );
    client.start();
    started.push(client);
    return {
      client,
      events,
      next: () =>
        new Promise((resolve) => {
          wake = resolve;
        }),
    };
  }

  it('hands on what the keeper reached', async () => {
    const { client } = start('answers');
    const save = client.beforeSave('/x');
    await save.answered;
    assert.deepEqual(await save.reached, { level: 'detached', reason: 'noLeases', synced: true });
    assert.equal((await client.assess('/x')).reason, 'noLeases');
  });

  it('lets the editor go on in time when the keeper does not answer, and renames nothing after that', async () => {
    const { client } = start('neverAnswers');
    const began = performance.now();
    const save = client.beforeSave('/x');
    await save.answered;
    const took = performance.now() - began;
    assert.equal((await save.reached).reason, 'tooSlow');
    assert.ok(took <= limits.participantAnswers + 100, `${took.toFixed(0)} ms`);
    assert.equal((await client.beforeSave('/x').reached).reason, 'busy', 'the next one does not wait for it again');
  });

  it('lets the editor go on in time even when a rename hangs', async () => {
    const { client } = start('claimsAndHangs');
    const began = performance.now();
    await client.beforeSave('/x').answered;
    const took = performance.now() - began;
    assert.ok(took > limits.saveGivesUp && took <= limits.participantAnswers + 100, `${took.toFixed(0)} ms`);
  });

  it('is of use again once the keeper has ended the overdue save', async () => {
    const { client } = start('answersWhenCancelled');
    const first = await client.beforeSave('/x').reached;
    assert.equal(first.reason, 'tooSlow');
    // The answer to the cancellation is a message of the other thread; an assessment comes after it.
    await client.assess('/x');
    assert.equal((await client.beforeSave('/x').reached).reason, 'tooSlow', 'asked again, not refused as busy');
  });

  it('starts a dead keeper once more, then stays without, and answers all the time', async () => {
    const { client, events, next } = start('diesAtOnce');
    await next();
    if (events.length < 2) await next();
    const deaths = events.map((event) => event.kind === 'died' && event.startedAgain);
    assert.deepEqual(deaths, [true, false]);
    assert.equal((await client.beforeSave('/x').reached).reason, 'keeperStopped');
    assert.equal((await client.assess('/x')).reason, 'keeperStopped');
  });

  it('answers the save during which the keeper dies', async () => {
    const { client, events } = start('diesOnSave');
    assert.equal((await client.beforeSave('/x').reached).reason, 'keeperStopped');
    assert.equal(events.length, 1);
  });

  it('lets nothing be renamed once it is told to stop', async () => {
    const { client } = start('claimsWhenStopped');
    const save = client.beforeSave('/x');
    await client.stop();
    assert.equal((await save.reached).reason, 'tooSlow');
  });

  it('stops within its limit, a keeper that does not listen included', async () => {
    const good = start('answers');
    await good.client.stop();
    assert.deepEqual(good.events, []);
    const deaf = start('neverAnswers');
    const began = performance.now();
    await deaf.client.stop();
    assert.ok(performance.now() - began < limits.stop + 500);
    assert.deepEqual(
      deaf.events.map((event) => event.kind),
      ['stoppedLate'],
    );
  });
});
