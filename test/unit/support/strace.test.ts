import assert from 'node:assert/strict';

import { whole } from '../../support/editor/strace';

describe('strace lines', () => {
  it('of calls that were interrupted on paper are put together, thread by thread', () => {
    assert.deepEqual(
      whole([
        '1 10.0 openat(AT_FDCWD, "/a", O_WRONLY <unfinished ...>',
        '2 10.1 fsync(3) = 0',
        '3 10.2 linkat(4, "x" <unfinished ...>',
        '1 10.3 <... openat resumed>) = 5</a>',
        '3 10.4 <... linkat resumed>, 5, "y", 0) = 0',
      ]),
      [
        '1 10.0 openat(AT_FDCWD, "/a", O_WRONLY) = 5</a>',
        '2 10.1 fsync(3) = 0',
        '3 10.2 linkat(4, "x", 5, "y", 0) = 0',
      ],
    );
  });
});
