import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Holder } from '../../../src/core/holders/holder';
import { limits } from '../../../src/core/limits';
import type { SentryEvent } from '../../../src/core/violations/service';
import type { Violation } from '../../../src/core/violations/violation';
import { SentryClient } from '../../../src/keeper/sentryClient';

const bash: Holder = {
  process: { pid: 7, started: 70 },
  program: 'bash',
  since: 0,
  harm: 'readsAsItRuns',
  uid: 0,
  ancestors: [],
};

/** A sentry with an event loop. It tells each order to guard as a problem. */
const head = `
  const { parentPort: port, workerData: data } = require('node:worker_threads');
  const tell = (answer) => port.postMessage(answer);
  if ('rescue' in data) process.exit(0);
  const pulse = () => Atomics.add(new Int32Array(data.leases), 0, 1);
  const obeyed = ({ path, id }) => tell({ kind: 'problem', error: { operation: 'guard', path, errno: String(id), detail: '' } });
  const ready = () => {
    tell({ kind: 'ready', orders: wakes });
    data.orders.on('message', (order) => {
      if (order.kind === 'stop') process.exit(0);
      if (order.kind === 'guard') obeyed(order);
      obey(order);
    });
  };
`;

const sentries = {
  /** Refuses what is called so, and answers beats. */
  obeys: `const obey = (order) => {
      pulse();
      const { kind, id, path } = order;
      if (path === '/refused') tell({ kind: 'unguarded', id, path, error: { operation: 'open', path, errno: 'EACCES', detail: '' } });
      if (path === '/unheld') tell({ kind: 'unguarded', id, path });
      if (kind === 'read') tell({ kind: 'copy', id });
    };
    ready();`,
  tellsAndDies: `const obey = (order) => {
      pulse();
      if (order.kind !== 'guard') return;
      const violation = { path: order.path, when: 0, writers: [], holders: [], change: { kind: 'unknown' }, caught: 'after' };
      tell({ kind: 'violation', violation: { ...violation, running: data.firstCopy } });
      setImmediate(() => process.exit(1));
    };
    ready();`,
  startsSlowly: `const obey = pulse;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${String(limits.keeperBeats * (limits.keeperMisses + 2))});
    ready();`,
  /** Longer than it takes to find that out twice; it cannot be ended meanwhile. */
  sticks: `const obey = ({ kind }) => {
      if (kind === 'guard') require('node:child_process').spawnSync('sleep', ['3']);
      if (kind === 'guard') process.exit(1);
    };
    ready();`,
} as const;

describe('SentryClient', function () {
  this.timeout(30_000);
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-sentry-client-'));
  /** Node closes what a thread has opened when it ends. */
  const wakes = openSync('/dev/null', 'w');
  let client: SentryClient;
  let events: SentryEvent[];
  let woken: () => void;

  after(() => {
    closeSync(wakes);
    rmSync(folder, { recursive: true });
  });

  afterEach(() => client.stop());

  function start(name: keyof typeof sentries): void {
    const script = join(folder, `${name}.cjs`);
    writeFileSync(script, `const wakes = ${String(wakes)};${head}${sentries[name]}`);
    events = [];
    woken = () => undefined;
    client = new SentryClient(script, folder, (event) => {
      events.push(event);
      woken();
    });
  }

  /** Resolves when so many events of a kind have come. */
  async function told(kind: SentryEvent['kind'], times: number): Promise<void> {
    while (events.filter((event) => event.kind === kind).length < times) {
      await new Promise<void>((resolve) => (woken = resolve));
    }
  }

  const obeyed = (): readonly string[] =>
    events.flatMap((event) => (event.kind === 'sentryProblem' ? [event.error.path] : []));

  it('orders the same once, and anew for another inode of the same programs', async () => {
    start('obeys');
    client.guard('/a', [bash], true, 1);
    client.guard('/a', [bash], true, 1);
    client.guard('/a', [bash], true, 2);
    client.guard('/a', [bash], false, 2);
    client.guard('/end', [bash], true, 1);
    await told('sentryProblem', 4);
    assert.deepEqual(obeyed(), ['/a', '/a', '/a', '/end']);
  });

  it('orders again what could not be guarded, and tells why once', async () => {
    start('obeys');
    for (const path of ['/refused', '/unheld']) {
      for (let times = 1; times <= 2; times++) {
        client.guard(path, [bash], true, 1);
        await told('sentryProblem', obeyed().length + 1);
        // Its answer comes after that, and before the next one's.
        client.guard(`/after ${path} ${String(times)}`, [bash], true, 1);
        await told('sentryProblem', obeyed().length + 1);
      }
    }
    assert.equal(obeyed().filter((path) => path === '/refused').length, 2);
    assert.equal(obeyed().filter((path) => path === '/unheld').length, 2);
    assert.equal(events.filter(({ kind }) => kind === 'notGuarded').length, 1);
  });

  it('gives copies numbers that no other life of the thread has', async () => {
    start('tellsAndDies');
    const running: (number | undefined)[] = [];
    client.onDidTell((_, violation?: Violation) => running.push(violation?.running));
    client.guard('/a', [bash], true, 1);
    await told('sentryDied', 2);
    assert.equal(running.length, 2);
    assert.notEqual(running[0], running[1]);
  });

  it('gives a thread time to start', async () => {
    start('startsSlowly');
    client.guard('/a', [bash], true, 1);
    await told('sentryProblem', 1);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['sentryReady', 'sentryProblem'],
    );
  });

  it('tells of a stuck thread once, whatever is ordered after that', async () => {
    start('sticks');
    client.guard('/a', [bash], true, 1);
    await told('sentryStuck', 1);
    client.guard('/b', [bash], true, 1);
    await told('sentryDied', 1);
    assert.equal(events.filter(({ kind }) => kind === 'sentryStuck').length, 1);
  });
});
