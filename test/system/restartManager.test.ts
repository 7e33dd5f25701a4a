/** The finder for Windows, through koffi, against a library that has the Restart Manager's functions and types. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';

import { projectFolder } from '../support/editor/installations';
import { RestartManagerFinder } from '../../src/platform/windows/finder';
import { loadRestartManager } from '../../src/platform/windows/rstrtmgr';
import { skip } from '../support/skip';

const NOBODY: ReadonlySet<number> = new Set();
const STARTED = Date.UTC(2026, 10, 22, 12);
const FILETIME = (BigInt(STARTED) + 11_644_473_600_000n) * 10_000n;

describe('who uses a file, found as on Windows', function () {
  this.timeout(60_000);
  let folder: string;
  let finder: RestartManagerFinder;
  let hold: (path: string, pid: number, started: bigint, app: string, service: string) => void;
  let forget: () => void;
  let sessions: () => number;
  let listed: () => number;

  before(function () {
    if (process.platform !== 'linux') skip(this, 'restartManager', 'only Linux');
    folder = mkdtempSync(join(tmpdir(), 'holdfast-rstrtmgr-'));
    const library = join(folder, 'rstrtmgr.so');
    const source = join(projectFolder(), 'test', 'support', 'c', 'rstrtmgr.c');
    execFileSync('gcc', ['-Wall', '-Wextra', '-Werror', '-fshort-wchar', '-shared', '-fPIC', '-o', library, source]);
    finder = new RestartManagerFinder(loadRestartManager(library));
    const loaded = koffi.load(library);
    hold = loaded.func('hold', 'void', ['str16', 'uint32', 'uint64', 'str16', 'str16']) as typeof hold;
    forget = loaded.func('forget', 'void', []) as typeof forget;
    sessions = loaded.func('sessions', 'int', []) as typeof sessions;
    listed = loaded.func('listed', 'int', []) as typeof listed;
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    forget();
  });
  afterEach(() => {
    assert.equal(sessions(), 0, 'sessions left open');
  });

  function file(name: string): string {
    const path = join(folder, name);
    writeFileSync(path, 'x');
    return path;
  }

  it('nobody, in one session', () => {
    const pins = ['a', 'b', 'c'].map((name) => finder.pin(file(name)));
    const { holders, untold, closed } = finder.pass(pins, NOBODY);
    assert.deepEqual([holders.size, untold.size, closed, listed()], [0, 0, 0, 1]);
    assert.equal(finder.pass([], NOBODY).holders.size, 0);
  });

  it('who uses which file, with names beyond ASCII', () => {
    const [one, two, three] = [file('eins ☃ é.ps1'), file('two'), file('three')];
    hold(one, 7, FILETIME, 'Grüße ☃', '');
    hold(three, 7, FILETIME, 'Grüße ☃', '');
    hold(three, 8, FILETIME, 'Windows Time', 'W32Time');
    const pins = [one, two, three].map((path) => finder.pin(path));
    const { holders } = finder.pass(pins, NOBODY);
    const [first, second, third] = pins.map((pin) => holders.get(pin));
    const holder = {
      process: { pid: 7, started: STARTED },
      since: STARTED,
      program: 'Grüße ☃',
      harm: 'open',
      uid: -1,
      ancestors: [],
    };
    assert.deepEqual(first, [holder]);
    assert.equal(second, undefined);
    assert.deepEqual(third, [holder, { ...holder, process: { pid: 8, started: STARTED }, program: 'W32Time' }]);
  });

  it('more than there was room for at first', () => {
    const path = file('busy');
    for (let pid = 100; pid < 150; pid++) hold(path, pid, FILETIME, 'App', '');
    const pin = finder.pin(path);
    assert.equal(finder.pass([pin], NOBODY).holders.get(pin)?.length, 50);
  });

  it('ourselves and the editor are untold', () => {
    const path = file('own');
    hold(path, process.pid, FILETIME, 'Code', '');
    hold(path, 5, FILETIME, 'Code', '');
    const pin = finder.pin(path);
    const { holders, untold } = finder.pass([pin], new Set([5]));
    assert.deepEqual([holders.size, untold.has(pin)], [0, true]);
  });

  it('who has what is no longer at the path is not told', () => {
    const path = file('replaced');
    hold(path, 7, FILETIME, 'App', '');
    const pin = finder.pin(path);
    renameSync(file('new'), path);
    const now = finder.pin(path);
    assert.deepEqual([...finder.pass([pin, now], NOBODY).holders.keys()], [now]);
  });

  it('what cannot be done there is refused', () => {
    const key = { pid: 7, started: STARTED };
    assert.throws(
      () => {
        finder.signal(key);
      },
      { errno: 'ENOSYS' },
    );
    assert.throws(() => finder.inspect(key), { errno: 'ENOSYS' });
    assert.throws(() => finder.named(), { errno: 'ENOSYS' });
    assert.deepEqual([finder.probe(), finder.reread(), finder.linksOn()], ['unknown', undefined, []]);
  });
});
