import assert from 'node:assert/strict';

import type { Holder } from '../../../../src/core/holders/holder';
import type { FileInUse } from '../../../../src/core/holders/inUse';
import { report } from '../../../../src/core/level';
import { sentryLine } from '../../../../src/core/logLines';
import { treeOf } from '../../../../src/core/shown/tree';
import { isStillReached, violationMessage } from '../../../../src/core/shown/violation';
import { statusItemView } from '../../../../src/core/status';
import { english, message } from '../../../../src/core/text';
import type { Violation } from '../../../../src/core/violations/violation';

const holder = (pid: number, change: Partial<Holder> = {}): Holder => ({
  process: { pid, started: 1 },
  program: 'bash',
  since: 0,
  harm: 'readsAsItRuns',
  uid: 0,
  ancestors: [],
  ...change,
});

const cp: Violation = {
  path: '/w/run.sh',
  when: 0,
  writers: [{ pid: 9, program: 'cp' }],
  holders: [holder(7)],
  change: { kind: 'rewritten', lines: 2 },
  caught: 'before',
  running: 1,
};

const at = (): string => '10:32';
const said = (violation: Violation, editor = 1): string => english(violationMessage('run.sh', violation, editor));

function inUseBy(...holders: readonly Holder[]): FileInUse {
  return {
    path: '/w/run.sh',
    current: { since: 0, size: 1, holders },
    older: [],
    unnamed: false,
    uncertain: false,
  };
}

describe('what is said of a violation', () => {
  it('names the writer, the holders and the change', () => {
    assert.equal(
      said(cp),
      'cp (9) changed run.sh in place while bash (7) ran from it: 2 lines are different. What was written may be executed by it.',
    );
  });

  it('says of each kind of change what it is', () => {
    const change = (kind: Violation['change']['kind'], lines?: number): string =>
      said({ ...cp, change: { kind, ...(lines === undefined ? {} : { lines }) } });
    assert.match(change('rewritten', 1), /: 1 line is different\./);
    assert.match(change('appended', 1), /: 1 line was added at the end\./);
    assert.match(change('appended', 3), /: 3 lines were added at the end\./);
    assert.match(change('unknown'), /: what is different is not known\./);
  });

  it('says so if it was VS Code, or nobody who is known', () => {
    assert.match(said(cp, 9), /^VS Code itself changed run\.sh/);
    assert.match(said({ ...cp, writers: [] }), /^A program changed run\.sh/);
    assert.match(said({ ...cp, writers: [{ pid: 0, program: '' }] }), /^A program changed run\.sh/);
  });

  it('names three holders, says how many more there are, and what it means for those who map the file', () => {
    const holders = [1, 2, 3, 4, 5].map((pid) => holder(pid, { harm: 'mapped' }));
    assert.match(said({ ...cp, holders }), /while bash \(1\), bash \(2\), bash \(3\) and 2 more ran/);
    assert.match(said({ ...cp, holders }), /in its memory/);
  });

  it('says whether it was healed, and otherwise why not', () => {
    assert.match(
      said({ ...cp, healed: { is: 'healed', window: 4 } }),
      /2 lines are different\. This was healed: the file/,
    );
    assert.match(
      said({ ...cp, healed: { is: 'not', why: 'written' } }),
      /executed by it\. It could not be healed: it was written again, each time\.$/,
    );
  });

  it('lets no program hide what stands beside its name', () => {
    assert.doesNotMatch(said({ ...cp, writers: [{ pid: 9, program: 'c\u202Ep\n' }] }), /[\u202E\n]/);
  });

  it('is in the status bar and the view until it is dealt with, with what can be done', () => {
    const input = { name: 'run.sh', report: report('gated'), when: 'foreseen' } as const;
    const view = statusItemView(input, inUseBy(holder(7)), at, { violation: cp, editor: 1 });
    assert.equal(english(view.label), 'Holdfast: gated · changed while running');
    assert.deepEqual([view.icon, view.warning], ['warning', true]);
    assert.match(english(view.spoken), /^cp \(9\) changed run\.sh in place/);
    const commands = (violation: Violation): readonly string[] =>
      statusItemView(input, inUseBy(holder(7)), at, { violation, editor: 1 }).offers.map(({ command }) => command);
    assert.deepEqual(commands(cp).slice(0, 3), [
      'holdfast.compareRunning',
      'holdfast.restoreRunning',
      'holdfast.dismissViolation',
    ]);
    const { running, ...uncopied } = cp;
    assert.equal(running, 1);
    assert.equal(commands(uncopied)[0], 'holdfast.dismissViolation', 'there is nothing to compare with');

    const healed = { violation: { ...cp, healed: { is: 'healed', window: 4 } }, editor: 1 } as const;
    const good = statusItemView(input, undefined, at, healed);
    assert.equal(english(good.label), 'Holdfast: gated · changed while running, healed');
    assert.equal(good.warning, false);

    const [file] = treeOf({
      files: [inUseBy(holder(7))],
      level: () => 'gated',
      shells: new Set(),
      actions: () => [],
      uid: 0,
      at,
      violation: () => ({ sentence: message('what is said'), healed: true }),
      name: () => 'run.sh',
      folder: () => '',
    });
    const [node] = file?.children ?? [];
    assert.deepEqual([node?.icon, node?.words], ['violated', ['violated']]);
    assert.equal(node && english(node.label), 'changed in place while running, and healed');
  });

  it('is over when none of those whom it reached has any version of the file', () => {
    assert.equal(isStillReached(cp, inUseBy(holder(7))), true);
    assert.equal(isStillReached(cp, inUseBy(holder(8))), false);
    assert.equal(isStillReached(cp, inUseBy(holder(7, { process: { pid: 7, started: 2 } }))), false);
    assert.equal(isStillReached(cp, undefined), false);
    const current = inUseBy(holder(7)).current;
    assert.equal(isStillReached(cp, { ...inUseBy(), older: current ? [current] : [] }), true);
  });

  it('is in the log without its lines', () => {
    assert.deepEqual(sentryLine({ kind: 'violation', violation: cp }), {
      severity: 'warn',
      text: 'changed in place "/w/run.sh": by="cp":9 holders="bash":7 change=rewritten lines=2 caught=before copy=yes',
    });
    const line = (healed: Violation['healed']): string =>
      sentryLine({ kind: 'violation', violation: healed ? { ...cp, healed } : cp }).text.replace(/^.*copy=yes /, '');
    assert.equal(line({ is: 'healed', window: 4.2 }), 'healed=yes window=4200us');
    assert.equal(line({ is: 'not', why: 'busy' }), 'healed=no why=busy');
  });
});
