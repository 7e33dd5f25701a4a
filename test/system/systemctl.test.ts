/**
 * What is said to systemd. There is none where the tests run: a program of its name, first in PATH, writes down its words and answers as
 * systemctl of systemd 252 does (recorded by hand).
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ErrorFacts } from '../../src/core/errors';
import { Systemctl } from '../../src/keeper/systemctl';
import { skip } from '../support/skip';

describe('units', () => {
  const { PATH } = process.env;
  let folder: string;
  let errors: ErrorFacts[];
  let units: Systemctl;

  before(function () {
    if (process.platform !== 'linux') skip(this, 'systemctl', 'only Linux');
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-systemctl-'));
    process.env['PATH'] = `${folder}:${PATH ?? ''}`;
    errors = [];
    units = new Systemctl((error) => errors.push(error));
  });
  afterEach(() => {
    process.env['PATH'] = PATH;
    rmSync(folder, { recursive: true });
  });

  /** Its words are written down, each run a line, each word in brackets; and where it was started. */
  function systemctl(...answer: readonly string[]): void {
    const record = join(folder, 'words');
    const lines = ['#!/bin/sh', `{ pwd; printf '[%s]' "$@"; echo; } >>'${record}'`, ...answer, ''];
    writeFileSync(join(folder, 'systemctl'), lines.join('\n'), { mode: 0o755 });
  }
  const words = (): readonly string[] => readFileSync(join(folder, 'words'), 'utf8').split('\n').slice(0, -1);

  it('are asked whether they can be reloaded, once a minute, and reloaded', async () => {
    systemctl('case "$*" in *CanReload*) echo CanReload=yes;; esac');
    const unit = { name: 'nginx.service', ofUser: false };
    assert.equal(await units.canReload(unit), true);
    assert.equal(await units.canReload(unit), true);
    assert.equal(await units.reload(unit), undefined);
    assert.deepEqual(words(), ['/', '[show][-p][CanReload][--][nginx.service]', '/', '[reload][--][nginx.service]']);
    assert.deepEqual(errors, []);
  });

  it('of the user are the user’s manager’s', async () => {
    systemctl('echo CanReload=no');
    assert.equal(await units.canReload({ name: 'sync.service', ofUser: true }), false);
    assert.deepEqual(words(), ['/', '[--user][show][-p][CanReload][--][sync.service]']);
  });

  it('are asked whether they run, each time', async () => {
    const unit = { name: 'nginx.service', ofUser: false };
    systemctl('echo ActiveState=active');
    assert.equal(await units.isActive(unit), true);
    systemctl('echo ActiveState=inactive');
    assert.equal(await units.isActive(unit), false);
    systemctl('echo "System has not been booted with systemd as init system (PID 1)." >&2', 'exit 1');
    const error = await units.isActive(unit);
    assert.deepEqual(typeof error === 'object' && [error.operation, error.errno], ['systemctl isActive', 'EXIT1']);
    assert.equal(words()[1], '[show][-p][ActiveState][--][nginx.service]');
  });

  it('have names that no shell reads', async () => {
    systemctl('echo CanReload=yes');
    const name = `a\`touch owned\`$(touch owned);touch owned&'"b.service`;
    assert.equal(await units.canReload({ name, ofUser: false }), true);
    assert.equal(words()[1], `[show][-p][CanReload][--][${name}]`);
    for (const where of [folder, '/', process.cwd()]) assert.equal(existsSync(join(where, 'owned')), false);
  });

  it('are not reloaded for a reason, which is told', async () => {
    systemctl('echo "Failed to reload nginx.service: Access denied" >&2', 'exit 4');
    const error = await units.reload({ name: 'nginx.service', ofUser: false });
    assert.deepEqual(error, {
      operation: 'systemctl reload',
      path: 'nginx.service',
      errno: 'EXIT4',
      detail: 'Failed to reload nginx.service: Access denied',
    });
    assert.equal(await units.canReload({ name: 'nginx.service', ofUser: false }), false);
    assert.deepEqual(
      errors.map(({ errno }) => errno),
      ['EXIT4'],
    );
  });

  it('cannot be asked where there is no systemctl', async () => {
    process.env['PATH'] = folder;
    assert.equal(await units.canReload({ name: 'nginx.service', ofUser: false }), false);
    assert.deepEqual(
      errors.map(({ errno }) => errno),
      ['ENOENT'],
    );
    assert.equal((await units.reload({ name: 'nginx.service', ofUser: false }))?.errno, 'ENOENT');
  });
});
