import assert from 'node:assert/strict';
import fs, {
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { baselineOf, Baselines, type Keep } from '../../src/keeper/baselines';
import { openHost } from '../../src/platform/linux/linux';
import { openTarget } from '../../src/platform/linux/target';

describe('a change that the editor would overwrite without a word', () => {
  const host = openHost();
  let folder: string;
  let path: string;
  let baselines: Baselines;
  let heldUp: boolean;
  beforeEach(async () => {
    heldUp = true;
    folder = mkdtempSync(join(tmpdir(), 'holdfast-baselines-'));
    path = join(folder, 'file');
    writeFileSync(path, 'before\n');
    baselines = new Baselines({ open: (at) => openTarget(host, at) });
    await baselines.note(path);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function kept(): Promise<readonly string[]> {
    return (await keptBefore(undefined)).map(([, text]) => text);
  }

  async function keptBefore(content: string | undefined): Promise<readonly (readonly [why: string, text: string])[]> {
    const found: [string, string][] = [];
    await baselines.leave(path);
    const keep: Keep = async (why, descriptor) => {
      await Promise.resolve();
      found.push([why, readFileSync(descriptor, 'utf8')]);
    };
    const save = { content: content === undefined ? undefined : Buffer.from(content), isHeldUp: () => heldUp };
    await baselines.check(path, keep, save);
    return found;
  }

  async function isLeftToGate(): Promise<boolean> {
    const target = openTarget(host, path);
    assert.ok(target);
    try {
      const save = { content: undefined, isHeldUp: () => true };
      return await baselines.check(path, () => assert.fail('kept'), save, target);
    } finally {
      target.close();
    }
  }

  it('is found if it has the same size', async () => {
    writeFileSync(path, 'theirs\n');
    assert.deepEqual(await kept(), ['theirs\n']);
  });

  it('is not looked for when the editor is not held up any more: it may be its own', async () => {
    heldUp = false;
    writeFileSync(path, 'theirs\n');
    assert.deepEqual(await kept(), []);
  });

  it('is not looked for where nothing is followed any more, also if a look was under way', async () => {
    writeFileSync(path, Buffer.alloc(20 << 20, 'x'));
    const looking = baselines.note(path);
    baselines.forget(path);
    await looking;
    assert.equal(baselines.follows(path), false);
  });

  it('is that of the last look, when one had begun before', async () => {
    writeFileSync(path, Buffer.alloc(20 << 20, 'x'));
    const first = baselines.note(path);
    writeFileSync(path, 'short again\n');
    await baselines.note(path);
    await first;
    assert.deepEqual(await kept(), []);
  });

  it('is found if it is older, as a file that is moved there can be', async () => {
    writeFileSync(`${path}~`, 'older and longer\n');
    utimesSync(`${path}~`, 1000, 1000);
    renameSync(`${path}~`, path);
    assert.deepEqual(await kept(), ['older and longer\n']);
  });

  it('is left to the editor if that refuses: newer, and of another size', async () => {
    writeFileSync(path, 'longer than before\n');
    const later = statSync(path).mtimeMs / 1000 + 5;
    utimesSync(path, later, later);
    assert.deepEqual(await kept(), []);
    // It may have seen that size, of a version that it has not read.
    assert.equal(await isLeftToGate(), true);
  });

  it('is none if only the time is another, or nothing was touched', async () => {
    assert.deepEqual(await kept(), []);
    await baselines.note(path);
    utimesSync(path, 2000, 2000);
    assert.deepEqual(await kept(), []);
  });

  describe('that has come before our look at what the editor has read', () => {
    const read = (text: string, at = Date.now()): ReturnType<typeof baselineOf> =>
      baselineOf({ content: Buffer.from(text), at });

    it('is found', async () => {
      const had = read('before\n');
      writeFileSync(path, 'theirs\n');
      await baselines.note(path, had);
      assert.deepEqual(await kept(), ['theirs\n']);
      assert.deepEqual(await kept(), [], 'once');
    });

    it('is found also if we have not looked at all', async () => {
      baselines.follow(path, read('before\n'));
      assert.deepEqual(await kept(), []);
      baselines.follow(path, read('before\n'));
      writeFileSync(path, 'theirs\n');
      assert.deepEqual(await kept(), ['theirs\n']);
    });

    it('is found also if our look did not come to its end', async () => {
      const large = Buffer.alloc(20 << 20, 'x');
      writeFileSync(path, large);
      const looking = baselines.note(path, read('before\n'));
      writeFileSync(path, 'theirs\n');
      assert.deepEqual(await kept(), ['theirs\n']);
      await looking;
      // Nor could it begin.
      rmSync(path);
      await baselines.note(path, read('before\n'));
      writeFileSync(path, 'theirs\n');
      assert.deepEqual(await kept(), ['theirs\n']);
    });

    it('is not looked for where the text is not known either', async () => {
      baselines.follow(path, undefined);
      writeFileSync(path, 'theirs\n');
      assert.deepEqual(await kept(), []);
    });

    it('is found also if the editor would refuse what it has read: it may have seen that size', async () => {
      const had = read('before\n', Date.now() - 5_000);
      writeFileSync(path, 'longer than before\n');
      await baselines.note(path, had);
      assert.deepEqual(await kept(), ['longer than before\n']);
    });

    it('is left to a gate if there is one: that knows whether the editor comes', async () => {
      const had = read('before\n', Date.now() - 5_000);
      writeFileSync(path, 'longer than before\n');
      await baselines.note(path, had);
      assert.equal(await isLeftToGate(), true);
      assert.equal(await isLeftToGate(), true, 'as long as the editor has not read it');
      await baselines.note(path);
      assert.equal(await isLeftToGate(), false);
      // It is what the editor has, which it would write in another way.
      writeFileSync(path, 'one\r\ntwo\n');
      baselines.follow(path, read('one\r\ntwo\r\n', Date.now() - 5_000));
      assert.equal(await isLeftToGate(), false);
    });

    for (const [what, there, shown] of [
      ['line ends of both kinds', 'one\r\ntwo\n', 'one\r\ntwo\r\n'],
      ['bytes that are no text', Buffer.from('one\xff\n', 'latin1'), 'one\ufffd\n'],
    ] as const) {
      it(`is not taken for one where the editor has read ${what}, and shows something else`, async () => {
        writeFileSync(path, there);
        await baselines.note(path, read(shown));
        assert.deepEqual(await kept(), []);
        baselines.follow(path, read(shown));
        assert.deepEqual(await kept(), []);
        // What comes after our look is found all the same.
        writeFileSync(path, 'theirs, longer\n');
        utimesSync(path, 1000, 1000);
        assert.deepEqual(await kept(), ['theirs, longer\n']);
      });
    }
  });

  describe('that may have come when nobody looked', () => {
    it('is kept as what it is, once, also if it is what we have seen since', async () => {
      await baselines.noteLate(path);
      assert.deepEqual(await keptBefore('ours\n'), [['unread', 'before\n']]);
      assert.deepEqual(await keptBefore('ours\n'), []);
      writeFileSync(path, 'theirs\n');
      assert.deepEqual(await keptBefore('ours\n'), [['otherProgram', 'theirs\n']]);
    });

    it('is another program’s if it is not what we have seen, also where the editor would refuse what it has read', async () => {
      await baselines.noteLate(path);
      writeFileSync(path, 'longer than before\n');
      const later = statSync(path).mtimeMs / 1000 + 5;
      utimesSync(path, later, later);
      assert.deepEqual(await keptBefore('ours\n'), [['otherProgram', 'longer than before\n']]);
    });

    it('is kept also if our look did not come to its end', async () => {
      const large = 'x'.repeat(20 << 20);
      writeFileSync(path, large);
      const looking = baselines.noteLate(path);
      assert.deepEqual(await keptBefore('ours\n'), [['unread', large]]);
      await looking;
    });

    it('is none where nothing is lost, or is there', async () => {
      await baselines.noteLate(path);
      assert.deepEqual(await keptBefore('before\n'), []);
      writeFileSync(path, '');
      await baselines.noteLate(path);
      assert.deepEqual(await keptBefore('ours\n'), []);
      rmSync(path);
      await baselines.noteLate(path);
      assert.deepEqual(await keptBefore('ours\n'), []);
    });

    it('is left to the editor when that is not held up any more, and when it has read or closed the file', async () => {
      await baselines.noteLate(path);
      heldUp = false;
      assert.deepEqual(await keptBefore('ours\n'), []);
      heldUp = true;
      await baselines.note(path);
      assert.deepEqual(await keptBefore('ours\n'), []);
      await baselines.noteLate(path);
      baselines.forget(path);
      assert.deepEqual(await keptBefore('ours\n'), []);
    });
  });

  it('is not waited for: a look that has not ended is given up, and its descriptor closed, before the save', async () => {
    const descriptors = readdirSync('/proc/self/fd').length;
    writeFileSync(path, Buffer.alloc(20 << 20, 'x'));
    const looking = baselines.note(path);
    writeFileSync(path, Buffer.alloc(20 << 20, 'y'));
    assert.deepEqual(await kept(), []);
    assert.equal(readdirSync('/proc/self/fd').length, descriptors);
    await looking;
  });

  it('closes no descriptor twice, whenever it is given up', async () => {
    writeFileSync(path, Buffer.alloc(20 << 20, 'x'));
    const open = new Set<number>();
    const twice: number[] = [];
    const closes = (fd: number): void => {
      if (!open.delete(fd)) twice.push(fd);
    };
    const { openSync, closeSync, close } = fs;
    fs.openSync = (...of) => {
      const fd = openSync(...of);
      open.add(fd);
      return fd;
    };
    fs.closeSync = (fd) => {
      closes(fd);
      closeSync(fd);
    };
    fs.close = Object.assign((...of: Parameters<typeof close>) => {
      closes(of[0]);
      close(...of);
    }, close);
    try {
      for (let turns = 0; turns < 40; turns++) {
        const looking = baselines.note(path);
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        await kept();
        await looking;
      }
    } finally {
      Object.assign(fs, { openSync, closeSync, close });
    }
    assert.deepEqual(twice, []);
    assert.deepEqual([...open], []);
  });

  it('is looked for once, and not where nothing was noted or nothing is left', async () => {
    writeFileSync(path, 'theirs\n');
    assert.equal((await kept()).length, 1);
    assert.deepEqual(await kept(), []);
    await baselines.note(path);
    rmSync(path);
    assert.deepEqual(await kept(), []);
    await baselines.note(path);
    assert.deepEqual(await kept(), []);
  });
});
