import assert from 'node:assert/strict';

import { describeError, SystemError } from '../../../../src/core/errors';
import { hasEnded } from '../../../../src/core/holders/inspected';

describe('whether a process has ended', () => {
  const after = (errno: string): string => hasEnded(describeError(new SystemError('inspect', '/proc/7', errno)));

  it('is known when it was looked at, or is not there any more', () => {
    assert.deepEqual([hasEnded({ caught: [] }), after('ESRCH')], ['no', 'yes']);
  });

  it('is not known when it could not be looked at, or nobody was there to look', () => {
    for (const errno of ['EACCES', 'EPERM', 'ENOSYS', 'ETIMEDOUT', 'EIO', 'UNKNOWN']) {
      assert.equal(after(errno), 'unknown', errno);
    }
    // No system's error at all.
    assert.equal(hasEnded(describeError(new TypeError('a thread that died'))), 'unknown');
  });
});
