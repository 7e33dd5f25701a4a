import assert from 'node:assert/strict';

import { DisposableStore } from '../../../src/core/disposable';
import { describeError, SystemError } from '../../../src/core/errors';
import { report } from '../../../src/core/level';
import { foreseenLine, keeperLine, savedLine, settingLine } from '../../../src/core/logLines';

describe('DisposableStore', () => {
  it('disposes in reverse order, once, and what comes late at once', () => {
    const order: string[] = [];
    const store = new DisposableStore();
    for (const name of ['a', 'b']) store.add({ dispose: () => order.push(name) });
    store.dispose();
    store.dispose();
    store.add({ dispose: () => order.push('late') });
    assert.deepEqual(order, ['b', 'a', 'late']);
  });
});

describe('describeError', () => {
  it('keeps the facts of a system error, and describes anything else', () => {
    const { operation, path, errno } = describeError(new SystemError('linkat', '/x', 'EMLINK'));
    assert.deepEqual([operation, path, errno], ['linkat', '/x', 'EMLINK']);
    assert.equal(describeError(Object.assign(new Error('no'), { code: 'ENOENT' }), 'open', '/y').errno, 'ENOENT');
    assert.deepEqual(describeError('text', 'op', '/z'), {
      operation: 'op',
      path: '/z',
      errno: 'UNKNOWN',
      detail: 'text',
    });
  });
});

describe('log lines', () => {
  it('have operation, path and errno, and newlines in names cannot forge a line', () => {
    const reached = report('noRoom', { error: describeError(new SystemError('write', '/a\nb', 'ENOSPC')) });
    const line = savedLine('/a\nb', reached, 1.25);
    assert.equal(line.severity, 'warn');
    assert.equal(
      line.text,
      'save "/a\\nb": level=direct reason=noRoom time=1.3ms operation=write errno=ENOSPC at="/a\\nb"',
    );
  });

  it('have what the file is without', () => {
    const lost = { what: 'project', name: '42' } as const;
    const reached = report('leasesForOwner', { givesUp: [{ what: 'owner' }, { what: 'attribute', lost }] });
    assert.match(savedLine('/a', reached, 1).text, / without=owner,project:42$/);
    const mounted = report('gated', { givesUp: [{ what: 'mounts', at: ['/etc/a\nb', '/c'] }] });
    const line = foreseenLine('/a', mounted);
    assert.deepEqual(
      [line.severity, line.text],
      ['info', 'foreseen "/a": level=gated reason=gated without=mount:"/etc/a\\nb",mount:"/c"'],
    );
    assert.equal(foreseenLine('/a', report('gated')).severity, 'debug');
  });

  it('warn only of what fell short', () => {
    assert.equal(savedLine('/a', report('gateRefused', { synced: true }), 1).severity, 'info');
    assert.equal(savedLine('/a', report('hardLinks'), 1).severity, 'info');
  });

  it('tell what happened to the keeper and to settings', () => {
    assert.equal(keeperLine({ kind: 'ready', platform: { supported: true } }).severity, 'info');
    const refused = keeperLine({ kind: 'ready', platform: { supported: false, why: 'library', detail: 'gone' } });
    assert.match(refused.text, /library: gone/);
    const hostile = keeperLine({
      kind: 'flagProblem',
      error: describeError(new SystemError('open', '/tmp/holdfast-7', 'EPERM')),
    });
    assert.equal(hostile.severity, 'warn');
    assert.match(
      hostile.text,
      /^flags: readers are not told of new versions: operation=open errno=EPERM at="\/tmp\/holdfast-7"/,
    );
    const died = keeperLine({ kind: 'died', error: describeError(new Error('x'), 'keeper', '/k'), startedAgain: true });
    assert.match(died.text, /started again: operation=keeper errno=UNKNOWN at="\/k" detail="x"/);
    assert.match(keeperLine({ kind: 'stoppedLate', afterMs: 200 }).text, /200ms/);
    const setting = settingLine({ setting: 'holdfast.enabled', expected: 'true or false', found: 'string' });
    assert.equal(setting.severity, 'warn');
  });
});
