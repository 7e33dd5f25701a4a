/** cgroups as systemd makes them, written down by hand after systemd 252's own files; there is no systemd where the tests run. */
import assert from 'node:assert/strict';

import { isSameService, parseService, unitFor } from '../../../../src/core/linux/services';

const of = (cgroup: string): ReturnType<typeof parseService>['value'] => parseService(cgroup).value;

describe('the service of a process', () => {
  it('is named by its cgroup, in both versions', () => {
    assert.deepEqual(of('0::/system.slice/nginx.service\n'), { name: 'nginx.service' });
    assert.deepEqual(of('0::/system.slice/system-getty.slice/getty@tty1.service\n'), { name: 'getty@tty1.service' });
    assert.deepEqual(
      of(
        '12:pids:/system.slice/other.service\n1:name=systemd:/system.slice/ssh.service\n0::/system.slice/ssh.service\n',
      ),
      { name: 'ssh.service' },
    );
    assert.deepEqual(of('0::/system.slice/dbus\\x2dbroker.service/sub/group\n'), { name: 'dbus\\x2dbroker.service' });
    assert.deepEqual(of('0::/system.slice/_cgroup.service\n'), { name: 'cgroup.service' });
  });

  it('is the user’s, below the manager of that user', () => {
    const cgroup = '0::/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service\n';
    assert.deepEqual(of(cgroup), { name: 'sync.service', user: 1000 });
    assert.deepEqual(unitFor({ name: 'sync.service', user: 1000 }, 1000), { name: 'sync.service', ofUser: true });
    assert.equal(unitFor({ name: 'sync.service', user: 1000 }, 0), undefined);
    assert.equal(unitFor({ name: 'sync.service', user: 1000 }, undefined), undefined);
    assert.deepEqual(unitFor({ name: 'nginx.service' }, undefined), { name: 'nginx.service', ofUser: false });
  });

  it('is none for what was started from a desktop, a login or a container', () => {
    for (const cgroup of [
      '0::/\n',
      '0::/user.slice/user-1000.slice/session-3.scope\n',
      '0::/user.slice/user-1000.slice/user@1000.service/init.scope\n',
      '0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-code-1234.scope\n',
      '0::/system.slice/docker-0123456789ab.scope\n',
      '9:name=systemd:/\n0::/\n',
      '',
      'garbage\n',
    ]) {
      assert.equal(of(cgroup), undefined, cgroup);
    }
  });

  it('is never what could be an option, or a name that systemd does not give', () => {
    for (const name of [
      '-H.service',
      '--host=evil.service',
      'a b.service',
      'x;y.service',
      '$(x).service',
      '.servic',
      'é.service',
    ]) {
      assert.equal(of(`0::/system.slice/${name}\n`), undefined, name);
    }
    assert.equal(of(`0::/system.slice/${'x'.repeat(300)}.service\n`), undefined);
  });

  it('is the same by name and manager', () => {
    assert.equal(isSameService({ name: 'a.service' }, { name: 'a.service' }), true);
    assert.equal(isSameService({ name: 'a.service' }, { name: 'a.service', user: 1 }), false);
    assert.equal(isSameService({ name: 'a.service' }, undefined), false);
  });
});
