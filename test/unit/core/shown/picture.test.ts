import assert from 'node:assert/strict';

import type { FileInUse } from '../../../../src/core/holders/inUse';
import { readFromPanel, readToPanel, pageWords, type ToPanel } from '../../../../src/core/shown/panelMessages';
import { inSentences, pictureOf, type Picture, type PictureTarget } from '../../../../src/core/shown/picture';
import { pictureLimits } from '../../../../src/core/shown/pictureLimits';
import { PictureNews } from '../../../../src/core/shown/pictureNews';
import { mayBeOutOfDate } from '../../../../src/core/shown/pageClock';
import { seeVersions as seeChanged, type SeenVersions } from '../../../../src/core/shown/seenVersions';
import { english, message } from '../../../../src/core/text';
import { at, bash, file, generation, holder, minute } from '../../../support/fakes/filesInUse';
import { pick, randomFrom } from '../../../support/random';

const now = 60 * minute;
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** These are all files in use now. */
function seeVersions(before: SeenVersions, files: readonly FileInUse[], moment: number): SeenVersions {
  const changed = [...before.keys(), ...files.map(({ path }) => path)];
  return seeChanged(before, changed, (path) => files.find((one) => one.path === path), moment);
}

function drawn(
  files: readonly FileInUse[],
  seen: SeenVersions = seeVersions(new Map(), files, now),
): { readonly picture: Picture<string>; readonly targets: ReadonlyMap<string, PictureTarget> } {
  const { picture, targets } = pictureOf({
    files,
    seen,
    now,
    at,
    violation: (path) =>
      path.includes('violated') ? { sentence: message('cp changed it.'), healed: false } : undefined,
    name: nameOf,
    folder: (path) => path.slice(0, path.lastIndexOf('/')),
  });
  return { picture: inSentences(picture, english), targets };
}

function told(picture: Picture<string>, news?: string): ToPanel {
  const texts = Object.fromEntries(pageWords.map((word) => [word, word])) as ToPanel['texts'];
  return { kind: 'picture', language: 'en', texts, picture, ...(news === undefined ? {} : { news }) };
}

describe('the picture of files in use', () => {
  it('has each version from when it came to when it was replaced, with the programs that have it', () => {
    const one = file([bash(1, 12)], [generation([bash(2, 3)], 10 * minute), generation([holder(9, 'loaded')])]);
    const { picture } = drawn([{ ...one, current: generation([bash(1, 12)], 20 * minute) }]);
    assert.equal(picture.summary, '1 file is in use. 1 program still has an older version.');
    const [shown] = picture.files;
    assert.deepEqual(
      [shown?.name, shown?.folder, shown?.past, shown?.violation],
      ['run.sh', '/home/me', [], undefined],
    );
    assert.deepEqual(
      shown?.versions.map(({ is, label, detail, from, until, behind }) => [is, label, detail, from, until, behind]),
      [
        ['current', 'Current version', 'since minute 20', 20 * minute, undefined, false],
        ['older', 'Version of minute 10', 'until minute 20', 10 * minute, 20 * minute, true],
        // Who has loaded its script would not look at a newer one.
        ['older', 'Version of minute 0', 'until minute 10', 0, 10 * minute, false],
      ],
    );
    assert.deepEqual(
      shown.versions.flatMap(({ programs }) =>
        programs.map(({ name, detail, use, behind }) => [name, detail, use, behind]),
      ),
      [
        ['bash', 'pid 1, since minute 5', 'read to line 12', false],
        ['bash', 'pid 2, since minute 5', 'older version, read to line 3', true],
        ['program9', 'pid 9, since minute 5', 'has read all of it', false],
      ],
    );
  });

  it('knows what each item stands for', () => {
    const mine = bash(2, 3);
    const one = file([mine], [], { path: '/home/me/violated.sh' });
    const { picture, targets } = drawn([one]);
    const [shown] = picture.files;
    const id = shown?.versions[0]?.programs[0]?.id ?? '';
    assert.deepEqual(targets.get(id), { is: 'program', path: one.path, holder: mine });
    assert.deepEqual(targets.get(shown?.id ?? ''), { is: 'file', path: one.path });
    assert.deepEqual(targets.get(shown?.violation?.id ?? ''), { is: 'violation', path: one.path });
    assert.equal(targets.size, 3);
  });

  it('keeps the ids of a version and its programs when it is replaced', () => {
    const before = drawn([file([bash(1, 2)])]).picture.files[0]?.versions[0];
    const replaced = { ...file([], [generation([bash(1, 2)])]), current: generation([], minute) };
    const after = drawn([replaced]).picture.files[0]?.versions[1];
    assert.deepEqual([after?.is, after?.id, after?.programs[0]?.id], ['older', before?.id, before?.programs[0]?.id]);
  });

  it('says that there is somebody who cannot be named', () => {
    const notes = drawn([file([], [], { unnamed: true })]).picture.files[0]?.versions[0]?.notes;
    assert.deepEqual(notes, ['A program that you may not inspect uses it.']);
  });

  it('draws so many and no more, those who are behind rather than others, and says how many are left out', () => {
    const many = (count: number): readonly FileInUse[] =>
      Array.from({ length: count }, (_, index) => file([bash(1, 1)], [], { path: `/f${String(index)}` }));
    const behind = file([], [generation([bash(3, 1)])], { path: '/z' });
    const { picture } = drawn([...many(pictureLimits.files + 4), behind]);
    assert.equal(picture.files.length, pictureLimits.files);
    assert.equal(picture.files.at(-1)?.name, 'z');
    assert.equal(picture.more, '… and 5 more.');
    const crowd = Array.from({ length: pictureLimits.programs + 2 }, (_, pid) => holder(pid + 1, 'open'));
    const versions = Array.from({ length: pictureLimits.versions + 3 }, (_, index) => generation(crowd, -index));
    const [full] = drawn([file(crowd, versions)]).picture.files;
    assert.equal(full?.versions.length, pictureLimits.versions);
    assert.equal(full.more, '… and 4 more.');
    assert.equal(full.versions[0]?.programs.length, pictureLimits.programs);
    assert.deepEqual(full.versions[0].notes, ['… and 2 more.']);
  });

  it('lets no name that others have chosen move what stands beside it', () => {
    const evil = '\u202Eevil\u0000\n<img src=x onerror=alert(1)>' + 'x'.repeat(300);
    const { picture } = drawn([file([holder(1, 'open', { program: evil })], [], { path: `/a/${evil}` })]);
    const [shown] = picture.files;
    for (const name of [shown?.name, shown?.versions[0]?.programs[0]?.name]) {
      assert.doesNotMatch(name ?? '', /[\p{Cc}\p{Cf}]/u);
      assert.equal(Array.from(name ?? '').length, 40);
    }
  });
});

describe('a long name in the picture', () => {
  it('is there in full besides, and crosses to the page', () => {
    const long = `${'long-'.repeat(20)}.sh`;
    const { picture } = drawn([file([bash(1, 1)], [], { path: `/a/${long}` }), file([bash(1, 1)])]);
    assert.deepEqual(
      picture.files.map(({ fullName }) => fullName),
      [long, undefined],
    );
    assert.equal(readToPanel(told(picture))?.picture.files[0]?.fullName, long);
  });
});

describe('versions that were seen', () => {
  it('are remembered when nobody has them any more, for as long as the file is in use', () => {
    const path = '/home/me/run.sh';
    const first = file([bash(1, 1)]);
    let seen = seeVersions(new Map(), [first], minute);
    seen = seeVersions(
      seen,
      [{ ...file([], [generation([bash(1, 1)])]), current: generation([], 10 * minute) }],
      11 * minute,
    );
    const last = { ...file([], [generation([bash(1, 1)])]), current: generation([], 20 * minute) };
    seen = seeVersions(seen, [last], 21 * minute);
    assert.deepEqual(seen.get(path), [
      { since: 20 * minute, from: 20 * minute },
      { since: 10 * minute, from: 10 * minute, until: 20 * minute },
      { since: 0, from: 0, until: 10 * minute },
    ]);
    const [shown] = drawn([last], seen).picture.files;
    assert.deepEqual(shown?.past, [{ from: 10 * minute, until: 20 * minute }]);
    assert.equal(shown.pastLabel, '1 version that nobody has any more');
    assert.equal(shown.versions[1]?.until, 10 * minute);
    assert.equal(seeVersions(seen, [], 22 * minute).size, 0);
  });

  it('one that is at the path again is the current one, and what it replaced ended now', () => {
    const before = { ...file([], [generation([bash(1, 1)])]), current: generation([bash(2, 1)], 10 * minute) };
    const again = { ...file([bash(1, 1)], [generation([bash(2, 1)], 10 * minute)]) };
    let seen = seeVersions(seeVersions(new Map(), [before], 11 * minute), [again], 15 * minute);
    const until = (): readonly (number | undefined)[] => seen.get(again.path)?.map((version) => version.until) ?? [];
    assert.deepEqual(until(), [15 * minute, undefined]);
    // When that is replaced in its turn, it ended then, not when it was replaced first.
    const third = { ...file([], again.older), current: generation([], 20 * minute) };
    seen = seeVersions(seen, [third], 21 * minute);
    assert.deepEqual(until(), [undefined, 15 * minute, 20 * minute]);
  });

  it('one whose date lies in the future came when it was seen first', () => {
    const dated = { ...file([bash(1, 1)]), current: generation([bash(1, 1)], 1_000 * minute) };
    const seen = seeVersions(new Map(), [dated], 3 * minute);
    assert.deepEqual(seen.get(dated.path), [{ since: 1_000 * minute, from: 3 * minute }]);
    const [shown] = drawn([dated], seen).picture.files;
    assert.deepEqual([shown?.versions[0]?.from, shown?.versions[0]?.detail], [3 * minute, 'since minute 3']);
    const replaced = {
      ...file([], [generation([bash(1, 1)], 1_000 * minute)]),
      current: generation([], 10 * minute),
    };
    const later = seeVersions(seeVersions(seen, [dated], 5 * minute), [replaced], 11 * minute);
    assert.deepEqual(later.get(dated.path), [
      { since: 10 * minute, from: 10 * minute },
      { since: 1_000 * minute, from: 3 * minute, until: 10 * minute },
    ]);
  });

  it('ended by now, if the path leads nowhere', () => {
    const gone = { ...file([], [generation([bash(1, 1)])]), current: undefined };
    assert.deepEqual(seeVersions(new Map(), [gone], 7 * minute).get(gone.path), [
      { since: 0, from: 0, until: 7 * minute },
    ]);
  });

  it('are so many and no more', () => {
    let seen: SeenVersions = new Map();
    for (let version = 0; version < 100; version++)
      seen = seeVersions(seen, [{ ...file([bash(1, 1)]), current: generation([bash(1, 1)], version) }], version);
    assert.equal(seen.get('/home/me/run.sh')?.length, pictureLimits.seen);
    assert.equal(seen.get('/home/me/run.sh')?.[0]?.since, 99);
  });

  it('one that somebody has is among them, however many came after it', () => {
    const path = '/home/me/run.sh';
    const first = generation([bash(1, 1)], minute);
    let seen = seeVersions(new Map(), [{ ...file([]), current: first }], minute);
    for (let version = 2; version < 100; version++)
      seen = seeVersions(seen, [{ ...file([], [first]), current: generation([], version * minute) }], version * minute);
    const last = { ...file([], [first]), current: generation([], 99 * minute) };
    assert.equal(seen.get(path)?.length, pictureLimits.seen);
    assert.deepEqual(seen.get(path)?.at(-1), { since: minute, from: minute, until: 2 * minute });
    assert.equal(drawn([last], seen).picture.files[0]?.versions[1]?.until, 2 * minute);
  });
});

describe('what is read out of a picture', () => {
  /** Of what is there when the gathering begins and when it ends. */
  const news = (
    before: readonly FileInUse[],
    first: readonly FileInUse[],
    last: readonly FileInUse[] = first,
  ): string | undefined => {
    const gatherer = new PictureNews(before);
    if (!gatherer.begin(first)) return undefined;
    const text = gatherer.gathered(last, nameOf);
    return text && english(text);
  };

  it('who came, who was left behind, who went, and nothing else', () => {
    assert.equal(news([], [file([bash(1, 1)])]), 'run.sh: bash (1) uses it.');
    assert.equal(
      news([file([bash(1, 1)])], [file([], [generation([bash(1, 1)])])]),
      'run.sh has a new version: bash (1) goes on with the older one.',
    );
    assert.equal(news([file([bash(1, 1)])], []), 'run.sh: bash (1) does not use it any more.');
    assert.equal(news([file([bash(1, 1)])], [file([bash(1, 9)])]), undefined);
  });

  it('nobody who came and went meanwhile, or went and came', () => {
    assert.equal(news([], [file([bash(1, 1)])], []), undefined);
    assert.equal(news([file([bash(1, 1)])], [], [file([bash(1, 2)])]), undefined);
  });

  it('nobody of a loop of short programs, and who stays of them', () => {
    const gatherer = new PictureNews([]);
    for (let pid = 1; pid < 20; pid++) {
      assert.equal(gatherer.begin([file([bash(pid, 1)])]), true);
      assert.equal(gatherer.gathered([file([bash(pid + 1, 1)])], nameOf), undefined);
    }
    const last = [file([bash(20, 1)])];
    assert.equal(gatherer.begin(last), true);
    assert.equal(english(gatherer.gathered(last, nameOf) ?? message('')), 'run.sh: bash (20) uses it.');
    assert.equal(gatherer.begin(last), false);
  });

  it('a few of them', () => {
    const crowd = Array.from({ length: 9 }, (_, pid) => holder(pid + 1, 'open'));
    assert.match(news([], [file(crowd)]) ?? '', /^(run\.sh: program\d \(\d\) uses it\. ){3}… and 6 more\.$/);
  });
});

describe('the clock of the picture', () => {
  it('asks again when a day may have begun, after sleep, and when it was set; and else not', () => {
    const midnight = Date.UTC(2026, 0, 2);
    assert.equal(mayBeOutOfDate(midnight - 500, midnight + 500), true);
    // India's midnight.
    assert.equal(mayBeOutOfDate(midnight - 330 * minute - 500, midnight - 330 * minute + 500), true);
    assert.equal(mayBeOutOfDate(midnight, midnight + 2 * minute), true);
    assert.equal(mayBeOutOfDate(midnight + 5 * minute, midnight + 3 * minute), true);
    assert.equal(mayBeOutOfDate(midnight, midnight + 1_000), false);
  });
});

describe('messages of the picture', () => {
  const one = file([bash(1, 12), holder(2, 'open')], [generation([bash(3, 3)], -minute)], { unnamed: true });
  const good = told(drawn([one, file([bash(1, 1)], [], { path: '/b/violated' })]).picture, 'news');

  it('are read as they were written', () => {
    assert.deepEqual(readToPanel(JSON.parse(JSON.stringify(good))), good);
    const messages = [
      { kind: 'ready' },
      { kind: 'again' },
      { kind: 'act', id: 'x' },
      { kind: 'showList' },
      { kind: 'watchMore' },
      { kind: 'unread' },
    ];
    for (const written of messages) assert.deepEqual(readFromPanel(written), written);
  });

  it('the largest picture that is made is read', () => {
    const path = (index: number): string => `/${String(index)}${'ß'.repeat(2_000)}`;
    const crowd = Array.from({ length: 30 }, (_, pid) => bash(pid + 1, 1));
    const files = Array.from({ length: 60 }, (_, index) => {
      const older = Array.from({ length: 16 }, (_one, age) => generation(crowd, -age));
      return file(crowd, older, { path: path(index), unnamed: true });
    });
    const { picture } = drawn(files);
    const rows = picture.files.flatMap(({ versions }) => versions.flatMap(({ programs }) => programs));
    assert.ok(rows.length > 400 && rows.length <= pictureLimits.items, String(rows.length));
    assert.ok(readToPanel(told(inSentences(picture, (text) => text.slice(0, pictureLimits.text)))));
  });

  it('carry on nothing that they should not have', () => {
    assert.deepEqual(readFromPanel({ kind: 'ready', id: 'x', more: 1 }), { kind: 'ready' });
    const read = readToPanel({ ...good, command: 'rm', picture: { ...good.picture, secret: 's' } });
    assert.doesNotMatch(JSON.stringify(read), /secret|command/);
  });

  for (const raw of [undefined, null, 0, 'ready', [], {}, { kind: 'other' }, { kind: 'act' }, { kind: 'act', id: 7 }])
    it(`${raw === undefined ? 'undefined' : JSON.stringify(raw)} is none for the host, and none for the page`, () => {
      assert.equal(readFromPanel(raw), undefined);
      assert.equal(readToPanel(raw), undefined);
    });

  it('an id without end is none', () => {
    assert.equal(readFromPanel({ kind: 'act', id: 'x'.repeat(pictureLimits.id + 1) }), undefined);
  });

  it('any field that is wrong makes it none; a decoder never throws, and never makes up a field', () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = randomFrom(seed);
    const rubbish: readonly unknown[] = [null, -1, NaN, Infinity, true, {}, [], [null], 'x'.repeat(2_000), () => 0];
    for (let run = 0; run < 2_000; run++) {
      const copy = structuredClone(good) as unknown as Record<string, unknown>;
      const where: (string | number)[] = [];
      let at: unknown = copy;
      for (;;) {
        const fields = at as Record<string, unknown>;
        const key = pick(random, Object.keys(fields));
        where.push(key);
        const inside = fields[key];
        if (typeof inside === 'object' && inside !== null && Object.keys(inside).length > 0 && random() < 0.9) {
          at = inside;
          continue;
        }
        const kind = typeof inside;
        const wrong = rubbish.filter(
          (one) => typeof one !== kind || Number.isNaN(one) || one === Infinity || String(one).length > 1_999,
        );
        const value = pick(random, wrong);
        // An empty list in place of another is no mistake.
        if (Array.isArray(inside) && Array.isArray(value)) break;
        fields[key] = value;
        const label = `seed ${String(seed)}: ${where.join('.')} = ${String(value).slice(0, 20)}`;
        const isId = key === 'id' && typeof value === 'string';
        if (!isId) assert.equal(readToPanel(copy), undefined, label);
        break;
      }
    }
  });
});
