import assert from 'node:assert/strict';

import { parseCommands, parseProcessTable } from '../../../../src/core/darwin/ps';
import { randomFrom } from '../../../support/random';

/** The first two lines: recorded from ps of procps-ng 4.0.2; the others in the widths that ps of macOS has, with `nobody` as it is there. */
const TABLE = `      1       0     0 Sun Nov 22 09:30:11 2026
  31313       2     0 Sun Nov 22 12:33:05 2026
  611   402   501 Thu Feb 29 23:59:59 2024${'    '}
   88     1    -2 Sat Jan  1 00:00:00 2000
`;

const COMMANDS = `  611 Thu Feb 29 23:59:59 2024     /bin/bash ./nightly  run.sh
   88 Sat Jan  1 00:00:00 2000     (mDNSResponder)
`;

describe('what ps lists', function () {
  this.timeout(30_000);

  it('tells parents, users and starts', () => {
    assert.deepEqual(
      [...parseProcessTable(TABLE)],
      [
        [1, { parent: 0, uid: 0, started: Date.UTC(2026, 10, 22, 9, 30, 11) }],
        [31313, { parent: 2, uid: 0, started: Date.UTC(2026, 10, 22, 12, 33, 5) }],
        [611, { parent: 402, uid: 501, started: Date.UTC(2024, 1, 29, 23, 59, 59) }],
        [88, { parent: 1, uid: -2, started: Date.UTC(2000, 0, 1) }],
      ],
    );
  });

  it('tells every day as the calendar does', () => {
    const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
    for (let day = Date.UTC(1999, 11, 31); day < Date.UTC(2105, 0, 1); day += 86_400_000) {
      const date = new Date(day);
      const start = `Xxx ${months[date.getUTCMonth()] ?? ''} ${String(date.getUTCDate())} 00:00:01 ${String(date.getUTCFullYear())}`;
      assert.equal(parseProcessTable(`7 1 0 ${start}`).get(7)?.started, day + 1000, start);
    }
  });

  it('tells command lines, cut at blanks', () => {
    const commands = parseCommands(COMMANDS);
    assert.deepEqual(commands.get(611), {
      started: Date.UTC(2024, 1, 29, 23, 59, 59),
      words: ['/bin/bash', './nightly', 'run.sh'],
    });
    assert.deepEqual(commands.get(88)?.words, ['(mDNSResponder)']);
  });

  it('a line feed in a command line makes no other process', () => {
    const forged = parseCommands(
      `5 Sat Jan  1 00:00:00 2000 sh -c x\n611 Sat Jan  1 00:00:00 2000 /bin/bash\n${COMMANDS}`,
    );
    assert.equal(forged.get(611), undefined);
    assert.deepEqual(forged.get(5)?.words, ['sh', '-c', 'x']);
  });

  it('leaves out what is no row, and throws nothing', () => {
    for (const row of [
      '',
      'PID',
      '0 1 0 Sat Jan  1 00:00:00 2000',
      '7 1 0 Sat Foo  1 00:00:00 2000',
      '7 1 0 -',
      '7 1 0 Sat anF  1 00:00:00 2000',
    ]) {
      assert.equal(parseProcessTable(row).size, 0, row);
    }
    const seed = 611;
    const random = randomFrom(seed);
    for (let times = 0; times < 10_000; times++) {
      const bytes = Buffer.from(random() < 0.5 ? TABLE : COMMANDS, 'latin1');
      for (let changes = 1 + Math.floor(random() * 6); changes > 0; changes--) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      const text = bytes.toString('latin1');
      for (const [pid, { started }] of [...parseProcessTable(text), ...parseCommands(text)]) {
        assert.match(text, new RegExp(`(^|\n) *${String(pid)} `), `seed ${String(seed)}`);
        assert.ok(Number.isSafeInteger(started), `seed ${String(seed)}`);
      }
    }
  });
});
