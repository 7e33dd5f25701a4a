import assert from 'node:assert/strict';

import {
  decodeUsers,
  ERROR_MORE_DATA,
  ERROR_SUCCESS,
  PROCESS_INFO,
  usersOf,
  type RestartManager,
} from '../../../../src/core/windows/restartManager';
import { randomFrom } from '../../../support/random';

interface User {
  readonly pid: number;
  readonly app?: string;
  readonly service?: string;
  readonly started?: bigint;
}

/** 2026-11-22T12:00:00.000Z as a FILETIME. */
const STARTED = (BigInt(Date.UTC(2026, 10, 22, 12)) + 11_644_473_600_000n) * 10_000n;

function encode(users: readonly User[]): Uint8Array {
  const bytes = Buffer.alloc(users.length * 668);
  users.forEach(({ pid, app = 'App', service = '', started = STARTED }, index) => {
    const at = index * 668;
    bytes.writeUInt32LE(pid, at);
    bytes.writeBigUInt64LE(started, at + 4);
    bytes.write(app, at + 12, 'utf16le');
    bytes.write(service, at + 524, 'utf16le');
    bytes.writeInt32LE(5, at + 652);
  });
  return bytes;
}

/** Of which a test says who uses which file. */
class FakeManager implements RestartManager {
  readonly #users: ReadonlyMap<string, readonly User[]>;
  /** So many come between any two calls of `list`. */
  grows = 0;
  readonly fails: { start?: number; register?: number; list?: number; end?: number } = {};
  /** A file that it does not take. */
  bad: { readonly call: 'register' | 'list'; readonly path: string } | undefined;
  open = 0;
  sessions = 0;
  lists = 0;
  #paths: readonly string[] = [];

  constructor(users: Readonly<Record<string, readonly User[]>>) {
    this.#users = new Map(Object.entries(users));
  }

  start(): { result: number; session: number } {
    if (this.fails.start !== undefined) return { result: this.fails.start, session: 0 };
    this.open++;
    return { result: ERROR_SUCCESS, session: ++this.sessions };
  }

  register(session: number, paths: readonly string[]): number {
    assert.equal(session, this.sessions);
    this.#paths = paths;
    return this.#isBad('register') ? 2 : (this.fails.register ?? ERROR_SUCCESS);
  }

  list(session: number, room: number): ReturnType<RestartManager['list']> {
    assert.equal(session, this.sessions);
    this.lists++;
    const all = new Map(this.#paths.flatMap((path) => this.#users.get(path) ?? []).map((user) => [user.pid, user]));
    const more = Array.from({ length: this.grows * this.lists }, (_, index) => ({ pid: 1_000 + index }));
    const users = [...all.values(), ...more];
    const failure = this.#isBad('list') ? 2 : this.fails.list;
    if (failure !== undefined) return { result: failure, needed: 0, filled: 0, bytes: new Uint8Array() };
    const result = users.length > room ? ERROR_MORE_DATA : ERROR_SUCCESS;
    return { result, needed: users.length, filled: Math.min(users.length, room), bytes: encode(users.slice(0, room)) };
  }

  #isBad(call: 'register' | 'list'): boolean {
    return this.bad?.call === call && this.#paths.includes(this.bad.path);
  }

  end(session: number): number {
    assert.equal(session, this.sessions);
    this.open--;
    return this.fails.end ?? ERROR_SUCCESS;
  }
}

function pidsOf(manager: FakeManager, paths: readonly string[]): unknown {
  return [...usersOf(manager, paths).users].map(([path, users]) => [path, users.map(({ process: { pid } }) => pid)]);
}

function refusedBy(manager: FakeManager, paths: readonly string[]): unknown {
  return [...usersOf(manager, paths).refused.values()].map(({ message }) => message);
}

describe('the Restart Manager', () => {
  it('has structs of the sizes that its header has on 64-bit Windows', () => {
    // RM_UNIQUE_PROCESS: DWORD, FILETIME (two DWORDs), all aligned to 4 bytes. Then WCHAR[256], WCHAR[64], an enum, ULONG, DWORD, BOOL.
    assert.deepEqual(PROCESS_INFO, {
      pid: 0,
      startedLow: 4,
      startedHigh: 8,
      appName: 12,
      serviceName: 524,
      applicationType: 652,
      size: 668,
    });
  });

  it('tells pid, start and name; of a service its short name', () => {
    const started = STARTED + 12_345_678n;
    const [one, two] = decodeUsers(
      encode([
        { pid: 4_000_000_000, app: 'Grüße ☃', started },
        { pid: 8, service: 'W32Time' },
      ]),
      2,
    );
    const since = Date.UTC(2026, 10, 22, 12) + 1_234;
    assert.deepEqual(one, { process: { pid: 4_000_000_000, started: since }, program: 'Grüße ☃', since });
    assert.equal(two?.program, 'W32Time');
  });

  it('one session is enough where nobody uses anything, and none where there is nothing', () => {
    const manager = new FakeManager({});
    const paths = Array.from({ length: 200 }, (_, index) => `C:\\${String(index)}`);
    assert.deepEqual(pidsOf(manager, paths), []);
    assert.deepEqual([manager.sessions, manager.lists, manager.open], [1, 1, 0]);
    assert.deepEqual(pidsOf(manager, []), []);
    assert.equal(manager.sessions, 1);
  });

  it('tells of each file who uses it', () => {
    const manager = new FakeManager({ b: [{ pid: 7 }], e: [{ pid: 7 }, { pid: 8 }], z: [{ pid: 9 }] });
    assert.deepEqual(pidsOf(manager, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']), [
      ['b', [7]],
      ['e', [7, 8]],
    ]);
    assert.equal(manager.open, 0);
    assert.ok(manager.sessions <= 1 + 2 * 2 * 3, String(manager.sessions));
  });

  it('makes room for those who come meanwhile, and gives up when they come on and on', () => {
    const manager = new FakeManager({ a: [{ pid: 7 }] });
    manager.grows = 3;
    assert.ok((usersOf(manager, ['a']).users.get('a')?.length ?? 0) >= 4);
    manager.grows = 50;
    assert.deepEqual(refusedBy(manager, ['a']), ['RmGetList a: E234']);
    assert.equal(manager.open, 0);
  });

  it('a size that cannot be is not made room for', () => {
    const manager = new FakeManager({});
    const lists = manager.list.bind(manager);
    manager.list = (session, room) => ({ ...lists(session, room), result: ERROR_MORE_DATA, needed: 0xffff_ffff });
    assert.deepEqual(refusedBy(manager, ['a']), ['RmGetList a: E234']);
    assert.equal(manager.lists, 1);
  });

  it('says which call was refused and how, and ends every session', () => {
    const calls = { start: 'RmStartSession', register: 'RmRegisterResources', list: 'RmGetList' } as const;
    for (const [call, operation] of Object.entries(calls)) {
      const manager = new FakeManager({ a: [{ pid: 7 }] });
      manager.fails[call as keyof typeof calls] = 5;
      if (call === 'start') assert.throws(() => usersOf(manager, ['a']), { operation, errno: 'E5' });
      else assert.deepEqual(refusedBy(manager, ['a']), [`${operation} a: E5`]);
      assert.equal(manager.open, 0, call);
    }
    const manager = new FakeManager({ a: [{ pid: 7 }] });
    manager.fails.end = 6;
    assert.deepEqual(pidsOf(manager, ['a']), [['a', [7]]]);
  });

  it('of a file that it does not take it tells why, and of all others who uses them', () => {
    for (const call of ['register', 'list'] as const) {
      const manager = new FakeManager({ a: [{ pid: 7 }], d: [{ pid: 8 }] });
      manager.bad = { call, path: 'c' };
      const paths = ['a', 'b', 'c', 'd', 'e'];
      assert.deepEqual(pidsOf(manager, paths), [
        ['a', [7]],
        ['d', [8]],
      ]);
      const operation = call === 'list' ? 'RmGetList' : 'RmRegisterResources';
      assert.deepEqual([refusedBy(manager, paths), manager.open], [[`${operation} c: E2`], 0]);
    }
  });

  it('whatever the bytes are, decodes what is there and throws nothing', () => {
    const seed = 668;
    const random = randomFrom(seed);
    for (let times = 0; times < 2_000; times++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 2_100) }, () => Math.floor(random() * 256));
      const count = Math.floor(random() * 5);
      const users = decodeUsers(bytes, count);
      assert.equal(users.length, Math.min(count, Math.floor(bytes.length / 668)), `seed ${String(seed)}`);
      for (const { program, since } of users) assert.ok(program.length <= 256 && Number.isSafeInteger(since));
    }
  });
});
