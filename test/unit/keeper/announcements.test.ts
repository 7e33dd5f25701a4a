import assert from 'node:assert/strict';

import type { HandedPlace } from '../../../src/core/gate/ports';
import { Announcements } from '../../../src/keeper/announcements';

const place: HandedPlace = {
  directory: -1,
  directoryIdentity: { device: 1n, inode: 2n },
  name: Buffer.from('run.sh'),
  path: '/real/run.sh',
  record: 0,
};

describe('readers', () => {
  let raised: string[];
  let announcements: Announcements;
  let version: string | undefined;
  beforeEach(() => {
    raised = [];
    version = 'first';
    announcements = new Announcements({
      raiseAt: ({ path }) => {
        raised.push(`at ${path}`);
        return version;
      },
      versionAt: () => version,
      raise: (path) => raised.push(String(path)),
      tidy: () => Promise.resolve(),
    });
  });

  it('are told once of a save that was published', () => {
    announcements.begun('/run.sh');
    announcements.published('/run.sh', place);
    announcements.saved('/run.sh');
    assert.deepEqual(raised, ['at /real/run.sh']);
  });

  it('are told of every other save when it is called saved', () => {
    announcements.begun('/run.sh');
    announcements.saved('/run.sh');
    announcements.saved('/other');
    assert.deepEqual(raised, ['/run.sh', '/other']);
  });

  it('are told of what was published after the editor has called it saved, and of the save after that', () => {
    announcements.begun('/run.sh');
    announcements.published('/run.sh', place);
    announcements.saved('/run.sh');
    announcements.published('/run.sh', place);
    announcements.saved('/run.sh');
    assert.deepEqual(raised, ['at /real/run.sh', 'at /real/run.sh', '/run.sh']);
  });

  it('are told of what the editor has written in place over what was published, when that is whole', () => {
    announcements.begun('/run.sh');
    announcements.published('/run.sh', place);
    announcements.writtenInPlace('/run.sh');
    assert.deepEqual(raised, ['at /real/run.sh']);
    announcements.saved('/run.sh');
    assert.deepEqual(raised, ['at /real/run.sh', '/run.sh']);
    announcements.writtenInPlace('/run.sh');
    assert.deepEqual(raised, ['at /real/run.sh', '/run.sh', '/run.sh'], 'it was called saved before');
  });

  it('are told when what is at the path is not what they were told of: a save that failed, and one not announced', () => {
    announcements.begun('/run.sh');
    announcements.published('/run.sh', place);
    version = 'another';
    announcements.saved('/run.sh');
    assert.deepEqual(raised, ['at /real/run.sh', '/run.sh']);
  });

  it('are told when it is not known what is at the path', () => {
    version = undefined;
    announcements.begun('/run.sh');
    announcements.published('/run.sh', place);
    announcements.saved('/run.sh');
    assert.deepEqual(raised, ['at /real/run.sh', '/run.sh']);
  });

  it('are not taken for told by an earlier save that the editor has not ended', () => {
    announcements.begun('/run.sh');
    announcements.published('/run.sh', place);
    announcements.begun('/run.sh');
    announcements.saved('/run.sh');
    assert.deepEqual(raised, ['at /real/run.sh', '/run.sh']);
  });
});
