import assert from 'node:assert/strict';

import { levelOf, report, type GivenUp, type Reason } from '../../../src/core/level';
import { statusItemView, statusView } from '../../../src/core/status';
import { english, losses, message, texts } from '../../../src/core/text';
import { at, bash, file, generation, holder } from '../../support/fakes/filesInUse';

const reasons = Object.keys(levelOf) as Reason[];

describe('statusView', () => {
  it('says level and reason in a sentence for every reason, with nothing left open', () => {
    for (const reason of reasons) {
      for (const when of ['foreseen', 'reached'] as const) {
        const view = statusView({ name: 'run.sh', report: report(reason), when });
        const tooltip = english(view.tooltip);
        assert.match(tooltip, /^run\.sh: .*[a-z].*\.$/, reason);
        assert.doesNotMatch(tooltip, /\{\d\}|undefined|object/, reason);
        assert.match(english(view.label), /^Holdfast: (gated|detached|direct|none|off|no room)$/, reason);
      }
    }
  });

  it('warns only of a save that got less than it could have', () => {
    const warning = (reason: Reason, when: 'foreseen' | 'reached'): boolean =>
      statusView({ name: 'run.sh', report: report(reason), when }).warning;
    assert.ok(warning('tooSlow', 'reached'));
    assert.ok(!warning('tooSlow', 'foreseen'));
    assert.ok(!warning('hardLinks', 'reached'));
    assert.ok(!warning('gated', 'reached'));
    assert.ok(!warning('noLeases', 'reached'));
    assert.ok(warning('readersCaught', 'reached'));
    assert.ok(!warning('readersCaught', 'foreseen'));
    assert.ok(warning('writersCaught', 'reached'));
  });

  it('warns before and after a save in place of a file that a program uses', () => {
    for (const reason of ['mountPoint', 'hardLinks', 'directoryNotWritable'] as const) {
      for (const [when, sentence] of [
        ['foreseen', /a program uses this file now, and a save will change it under that program, because/],
        ['reached', /the last save changed the file in place, because/],
      ] as const) {
        const view = statusView({ name: 'run.sh', report: report(reason, { held: true }), when });
        assert.deepEqual([view.icon, view.warning], ['warning', true]);
        assert.match(english(view.tooltip), sentence);
      }
    }
  });

  it('says what a new file is without, before and after', () => {
    const lost = { what: 'attribute', name: 'user.note' } as const;
    const sentences: readonly [GivenUp, foreseen: string, reached: string][] = [
      [{ what: 'otherNames' }, texts.otherNamesTooltip, texts.otherNamesTooltip],
      [{ what: 'mounts', at: ['/etc/app.conf'] }, texts.mountsTooltip, texts.mountsTooltip],
      [{ what: 'owner' }, texts.ownerTooltip, texts.ownerChangedTooltip],
      [{ what: 'group' }, texts.groupTooltip, texts.groupChangedTooltip],
      [{ what: 'attribute', lost }, texts.attributeTooltip, texts.attributeGoneTooltip],
    ];
    const args = ['', message(losses.attribute, 'user.note')];
    for (const reason of ['gated', 'noLeases', 'tooSlow'] as const) {
      for (const when of ['foreseen', 'reached'] as const) {
        const given = report(reason, { givesUp: sentences.map(([givenUp]) => givenUp) });
        const plain = english(statusView({ name: 'run.sh', report: report(reason), when }).tooltip);
        const added = sentences.map(([, foreseen, reached]) =>
          english(message(when === 'reached' ? reached : foreseen, ...args)),
        );
        assert.equal(english(statusView({ name: 'run.sh', report: given, when }).tooltip), [plain, ...added].join(''));
      }
    }
  });

  it('offers to join the names again where a save has separated them, at every level, and nowhere else', () => {
    for (const reason of reasons) {
      const apart = statusView({ name: 'run.sh', report: report(reason, { separated: true }), when: 'foreseen' });
      assert.equal(apart.offer?.command, 'holdfast.joinNames', reason);
      assert.match(
        english(apart.tooltip),
        /^run\.sh: .*\. Other names of it \(hard links\) still lead to an old version\.$/,
      );
      assert.equal(statusView({ name: 'run.sh', report: report(reason), when: 'foreseen' }).offer, undefined);
    }
  });

  it('never tells two states apart by colour alone', () => {
    const warned = statusView({ name: 'a', report: report('noRoom'), when: 'reached' });
    const calm = statusView({ name: 'a', report: report('hardLinks'), when: 'reached' });
    assert.notEqual(warned.icon, calm.icon);
  });

  it('says who switched the guard off', () => {
    const off = (switchedOffBy: Parameters<typeof statusView>[0]['switchedOffBy']): string =>
      english(
        statusView({
          name: 'run.sh',
          report: report('switchedOff'),
          when: 'foreseen',
          ...(switchedOffBy ? { switchedOffBy } : {}),
        }).tooltip,
      );
    assert.match(off({ by: 'folder', folder: 'tools' }), /settings of the folder tools/);
    assert.match(off({ by: 'workspace' }), /workspace settings/);
    assert.match(off({ by: 'user' }), /user settings/);
    assert.match(off(undefined), /changed default/);
  });

  it('is calm about a file that is never guarded, and names the pattern', () => {
    for (const when of ['foreseen', 'reached'] as const) {
      const view = statusView({ name: 'config', report: report('neverGuarded', { pattern: '**/.git/**' }), when });
      assert.deepEqual([view.icon, view.warning, english(view.label)], ['circle-slash', false, 'Holdfast: off']);
      assert.match(english(view.tooltip), /holdfast\.never names it \(\*\*\/\.git\/\*\*\)/);
    }
  });

  it('names what would be lost', () => {
    const lost = statusView({
      name: 'run.sh',
      report: report('wouldLose', { lost: { what: 'attribute', name: 'user.note' } }),
      when: 'foreseen',
    });
    assert.match(english(lost.tooltip), /\(attribute user\.note\)/);
  });
});

describe('statusItemView', () => {
  const view = (...[one, reason]: [Parameters<typeof statusItemView>[1], Reason?]): ReturnType<typeof statusItemView> =>
    statusItemView({ name: 'run.sh', report: report(reason ?? 'gated'), when: 'foreseen' }, one, at);
  const label = (...args: Parameters<typeof view>): string => english(view(...args).label);

  it('is as quiet as without holders while nothing is held, or nothing is known', () => {
    for (const one of [undefined, file([])]) {
      const { label: shown, icon, warning, holders, spoken, tooltip } = view(one);
      assert.deepEqual([english(shown), icon, warning, holders.length], ['Holdfast: gated', 'shield', false, 0]);
      assert.equal(spoken, tooltip);
    }
  });

  it('counts holders, and tells each in its hover, with what the save does to them', () => {
    const held = view(file([bash(1, 12), holder(2, 'loaded')]));
    assert.deepEqual([english(held.label), held.icon, held.warning], ['Holdfast: gated · held by 2', 'shield', false]);
    assert.deepEqual(held.holders.length, 3);
    assert.match(held.holders.map(english).join(' '), /up to line 12\. .* Your save is safe/);
    assert.match(english(held.spoken), /^run\.sh: .*\. 2 programs use it\.$/);
    const direct = view(file([bash(1, 12)]), 'hardLinks')
      .holders.map(english)
      .join(' ');
    assert.match(direct, /would change it under the program/);
  });

  it('warns of stale holders, and of those who cannot be named', () => {
    const stale = view(file([holder(9, 'open')], [generation([bash(1, 12)])]));
    assert.deepEqual(
      [english(stale.label), stale.icon, stale.warning],
      ['Holdfast: gated · 1 on old version', 'warning', true],
    );
    const unnamed = view(file([], [], { unnamed: true }));
    assert.deepEqual(
      [english(unnamed.label), unnamed.icon, unnamed.warning],
      ['Holdfast: gated · held', 'warning', true],
    );
    assert.match(english(unnamed.spoken), /you may not inspect/);
    assert.equal(label(file([bash(1, 1)], [], { unnamed: true })), 'Holdfast: gated · held by 1 and others');
  });

  it('does not warn of a program that has read all of an older version', () => {
    const { icon, warning } = view(file([], [generation([holder(1, 'loaded')])]));
    assert.deepEqual([icon, warning], ['shield', false]);
  });

  it('leads to the list by a click, and by its hover to the log, the explanation, and to what else is offered', () => {
    const commands = view(file([bash(1, 1)])).offers.map(({ command }) => command);
    assert.deepEqual(commands, ['holdfast.showHolders', 'holdfast.explain', 'holdfast.showLog']);
    const apart = statusItemView(
      { name: 'a', report: report('gated', { separated: true }), when: 'reached' },
      undefined,
      at,
    );
    assert.equal(apart.offers[0]?.command, 'holdfast.joinNames');
  });
});
