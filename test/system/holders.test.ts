/** Whether anybody uses a target, on the real kernel. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { Held } from '../../src/core/ports';
import { openHost, type Host } from '../../src/platform/linux/linux';
import { compiled } from '../support/compiled';
import { mountFileSystem } from '../support/filesystems';
import { LineProgram } from '../support/lineProgram';
import { asNobody, mustOpen, openDescriptors } from '../support/platform';
import { skip } from '../support/skip';

describe('whether anybody uses a target', function () {
  this.timeout(60_000);
  let host: Host;
  let opener: LineProgram;
  let descriptors: string[];
  const folders: string[] = [];

  before(async function () {
    if (process.platform !== 'linux') skip(this, 'holders', 'only Linux');
    host = openHost();
    opener = await LineProgram.start(await compiled('opener'));
  });
  beforeEach(() => {
    descriptors = openDescriptors();
  });
  afterEach(() => {
    assert.deepEqual(openDescriptors(), descriptors, 'descriptors leaked');
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });
  after(() => opener.end());

  function file(): string {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-holders-'));
    folders.push(folder);
    const path = join(folder, 'target');
    writeFileSync(path, 'content\n');
    return path;
  }

  function ask(path: string, how: 'probe' | 'search', as = host): Held {
    const target = mustOpen(as, path);
    try {
      return target[how]();
    } finally {
      target.close();
    }
  }

  it('is told by the kernel at once: open for reading or writing, through another name, or by nobody', async function () {
    const path = file();
    const target = mustOpen(host, path);
    const { gate } = target.facts;
    target.close();
    if (!gate.gate || !gate.probe) skip(this, 'holders.probe', 'the file system of the temporary folder tells nothing');
    assert.equal(ask(path, 'probe'), 'free');
    linkSync(path, `${path}.link`);
    symlinkSync(path, `${path}.symlink`);
    for (const letters of ['r', 'w', 'rw']) {
      for (const name of [path, `${path}.link`, `${path}.symlink`]) {
        assert.equal(await opener.ask(`open ${letters} ${name}`), 'OPEN');
        assert.equal(ask(path, 'probe'), 'held', `${letters} ${name}`);
        assert.equal(await opener.ask('close'), 'CLOSED');
        assert.equal(ask(path, 'probe'), 'free');
      }
    }
    assert.equal(await opener.ask(`open p ${path}`), 'OPEN');
    assert.equal(ask(path, 'probe'), 'free', 'O_PATH uses nothing');
    assert.equal(await opener.ask('close'), 'CLOSED');
  });

  it('is found by a search, too, which never says that nobody does', async () => {
    const path = file();
    assert.equal(ask(path, 'search'), 'unknown');
    assert.equal(await opener.ask(`open r ${path}`), 'OPEN');
    assert.equal(ask(path, 'search'), 'held');
    assert.equal(await opener.ask('close'), 'CLOSED');
    assert.equal(ask(path, 'search'), 'unknown');
  });

  it('is not said of an editor that has just read it', async () => {
    const path = file();
    const editor = opener;
    const at = openHost(undefined, editor.pid);
    assert.equal(ask(path, 'probe', at), 'free');
    assert.equal(await editor.ask(`open r ${path}`), 'OPEN');
    assert.equal(ask(path, 'probe'), 'held');
    assert.equal(ask(path, 'probe', at), 'unknown', 'nobody else is found');
    assert.equal(ask(path, 'search', at), 'unknown');
    const other = await LineProgram.start(await compiled('opener'));
    assert.equal(await other.ask(`open r ${path}`), 'OPEN');
    assert.equal(ask(path, 'probe', at), 'held');
    assert.equal(ask(path, 'search', at), 'held');
    assert.equal(await editor.ask('close'), 'CLOSED');
    assert.equal(ask(path, 'probe', at), 'held');
    assert.equal(await other.ask('close'), 'CLOSED');
    assert.equal(ask(path, 'probe', at), 'free');
    await other.end();
  });

  it('is not known of another user’s file', async function () {
    if (process.getuid?.() !== 0) skip(this, 'holders.nobody', 'needs root to become somebody else');
    const path = file();
    chmodSync(dirname(path), 0o755);
    assert.equal(await asNobody(() => ask(path, 'probe')), 'unknown');
    assert.equal(await asNobody(() => ask(path, 'search')), 'unknown');
    assert.equal(ask(path, 'probe'), 'free');
  });

  it('is not asked of a file system that is not to be believed; the search finds', async function () {
    for (const name of ['overlay', 'bindfs'] as const) {
      const mounted = mountFileSystem(name);
      if (typeof mounted === 'string') skip(this, `holders.${name}`, mounted);
      try {
        const path = join(mounted.directory, 'target');
        writeFileSync(path, 'content\n');
        assert.equal(ask(path, 'probe'), 'unknown');
        assert.equal(await opener.ask(`open r ${path}`), 'OPEN');
        assert.equal(ask(path, 'probe'), 'unknown');
        assert.equal(ask(path, 'search'), 'held');
        assert.equal(await opener.ask('close'), 'CLOSED');
        assert.equal(ask(path, 'search'), 'unknown');
      } finally {
        mounted.release();
      }
    }
  });

  it('does not end the process when somebody opens the file in the middle of the question', async () => {
    const path = file();
    const racer = new Worker(
      `const { workerData, parentPort } = require('node:worker_threads');
       const { openSync, closeSync } = require('node:fs');
       for (let index = 0; index < 20000; index++) closeSync(openSync(workerData, index % 2 ? 'r' : 'r+'));
       parentPort.postMessage('done');`,
      { eval: true, workerData: path },
    );
    const race = { over: false };
    const done = once(racer, 'message').then(() => {
      race.over = true;
    });
    const seen = new Map<Held, number>();
    while (!race.over) {
      const held = ask(path, 'probe');
      seen.set(held, (seen.get(held) ?? 0) + 1);
      await new Promise(setImmediate);
    }
    await done;
    assert.equal(seen.get('unknown'), undefined);
    assert.ok((seen.get('free') ?? 0) + (seen.get('held') ?? 0) > 100, JSON.stringify([...seen]));
    assert.equal(readFileSync(path, 'utf8'), 'content\n');
  });
});
