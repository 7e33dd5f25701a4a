import assert from 'node:assert/strict';

import type { Inspected } from '../../../../src/core/holders/inspected';
import { isStartedBy, parsePidFile, wasThere, type Candidate } from '../../../../src/core/holders/named';
import { OnceRead } from '../../../../src/core/reopen/onceRead';
import {
  commandWords,
  decide,
  homeOfRule,
  isDoneWith,
  parseRules,
  ruleFor,
  rulesFor,
  withRule,
  type Rule,
} from '../../../../src/core/reopen/rules';
import {
  askMessage,
  failedMessage,
  ruleButton,
  untrustedMessage,
  whyFailed,
} from '../../../../src/core/reopen/ruleSentences';
import { maySend } from '../../../../src/core/reopen/signals';
import { saysActive, systemctlWords } from '../../../../src/core/reopen/units';
import { decode, problemMessage } from '../../../../src/core/settings';
import { english } from '../../../../src/core/text';

const nginx = {
  files: 'nginx/**/*.conf',
  process: { pidFile: 'run/nginx.pid', executable: '/usr/sbin/nginx' },
  action: 'SIGHUP',
};
const unit = { files: ['a.conf', 'b.conf'], process: { unit: 'app.service' }, action: 'reload', ask: true };
const command = { files: '**', action: ['make', '-C', '${workspaceFolder}', '${file}'] };

/** The one rule that is meant. */
function rule(raw: unknown): Rule {
  const { rules, problems } = parseRules([raw]) ?? { rules: [], problems: ['no list'] };
  assert.deepEqual(problems, []);
  const [one] = rules;
  assert.ok(one);
  return one;
}

/** What is wrong with one: field, expected, found. */
function wrong(raw: unknown): readonly string[] {
  const { rules, problems } = parseRules([nginx, raw, command]) ?? { rules: [], problems: [] };
  assert.equal(rules.length, 2, 'the others count');
  const [problem, ...others] = problems;
  assert.deepEqual([problem?.rule, others], [2, []]);
  return [problem?.field ?? '', problem?.expected ?? '', problem?.found ?? ''];
}

describe('rules', () => {
  it('are read as they are meant', () => {
    assert.deepEqual(
      parseRules([nginx, unit, command])?.rules.map(({ globs, ...others }) => [globs.map(({ text }) => text), others]),
      [
        [
          ['nginx/**/*.conf'],
          {
            process: { by: 'pidFile', pidFile: 'run/nginx.pid', executable: '/usr/sbin/nginx' },
            action: { is: 'signal', signal: 'SIGHUP' },
            ask: false,
          },
        ],
        [
          ['a.conf', 'b.conf'],
          {
            process: { by: 'unit', unit: { name: 'app.service', ofUser: false } },
            action: { is: 'reload' },
            ask: true,
          },
        ],
        [['**'], { action: { is: 'command', words: ['make', '-C', '${workspaceFolder}', '${file}'] }, ask: false }],
      ],
    );
    assert.deepEqual(rule({ ...nginx, process: { executable: '/a' } }).process, { by: 'executable', executable: '/a' });
    assert.deepEqual(rule({ ...unit, process: { unit: 'a@b.service', ofUser: true } }).process, {
      by: 'unit',
      unit: { name: 'a@b.service', ofUser: true },
    });
  });

  it('are told what is wrong with them: which, what, and what it must be', () => {
    const rows: readonly (readonly [unknown, string, RegExp, string])[] = [
      [null, '', /^an object with the fields files, process, action, ask$/, 'null'],
      ['x', '', /^an object/, 'string'],
      [[], '', /^an object/, 'array'],
      [{ ...nginx, fils: 1 }, '', /^without other fields than files, /, 'object'],
      [{ ...nginx, files: undefined }, 'files', /^a glob pattern, or a list of some/, 'undefined'],
      [{ ...nginx, files: 7 }, 'files', /brackets and braces are in pairs$/, 'number'],
      [{ ...nginx, files: [] }, 'files', /^a glob pattern/, 'array'],
      [{ ...nginx, files: ['a', 'b{'] }, 'files', /in pairs$/, 'string'],
      [{ ...nginx, files: Array(101).fill('a') }, 'files', /^a glob pattern/, 'array'],
      [
        { ...nginx, action: undefined },
        'action',
        /^"reload", "SIGHUP", "SIGUSR1", "SIGUSR2", or a command/,
        'undefined',
      ],
      [{ ...nginx, action: 'SIGKILL' }, 'action', /^"reload"/, 'string'],
      [{ ...nginx, action: 'toString' }, 'action', /^"reload"/, 'string'],
      [{ ...nginx, action: [] }, 'action', /^"reload"/, 'array'],
      [{ ...nginx, action: ['a', 1] }, 'action[1]', /^a text$/, 'number'],
      [{ ...nginx, action: ['a\0b'] }, 'action[0]', /^a text$/, 'string'],
      [{ ...nginx, action: [''] }, 'action[0]', /^a program$/, 'string'],
      [{ ...nginx, action: ['${file}'] }, 'action[0]', /^a program$/, 'string'],
      [{ ...nginx, action: ['sh', '-c', 'cat ${file}'] }, 'action[2]', /alone, or without it$/, 'string'],
      [{ ...nginx, ask: 'yes' }, 'ask', /^true or false$/, 'string'],
      [
        { ...nginx, process: 'nginx' },
        'process',
        /^an object with the fields executable, pidFile, unit, ofUser$/,
        'string',
      ],
      [{ ...nginx, process: {} }, 'process', /^an executable, a pid file .*, or a unit$/, 'object'],
      [{ ...nginx, process: { pid: 7 } }, 'process', /^without other fields than executable/, 'object'],
      [{ ...nginx, process: { executable: 'nginx' } }, 'process.executable', /^an absolute path$/, 'string'],
      [{ ...nginx, process: { executable: '/a\0' } }, 'process.executable', /^an absolute path$/, 'string'],
      [{ ...nginx, process: { pidFile: 7 } }, 'process.pidFile', /^a path$/, 'number'],
      [{ ...nginx, process: { pidFile: '' } }, 'process.pidFile', /^a path$/, 'string'],
      [{ ...nginx, process: { executable: '/a', ofUser: true } }, 'process.ofUser', /^left out/, 'boolean'],
      [{ ...unit, process: { unit: '--now.service' } }, 'process.unit', /^the name of a service/, 'string'],
      [{ ...unit, process: { unit: 'a b.service' } }, 'process.unit', /^the name of a service/, 'string'],
      [{ ...unit, process: { unit: '$(x).service' } }, 'process.unit', /^the name of a service/, 'string'],
      [{ ...unit, process: { unit: 'a.socket' } }, 'process.unit', /^the name of a service/, 'string'],
      [{ ...unit, process: { unit: 'a.service', ofUser: 1 } }, 'process.ofUser', /^true or false$/, 'number'],
      [{ ...unit, process: { unit: 'a.service', executable: '/a' } }, 'process', /, or a unit$/, 'object'],
      [{ ...unit, process: nginx.process }, 'process', /^a unit, to be reloaded$/, 'object'],
      [{ ...nginx, process: unit.process }, 'process', /for a signal$/, 'object'],
      [{ ...nginx, process: undefined }, 'process', /for a signal$/, 'undefined'],
    ];
    for (const [raw, field, expected, found] of rows) {
      const told = wrong(raw);
      assert.deepEqual([told[0], told[2]], [field, found], JSON.stringify(raw));
      assert.match(told[1] ?? '', expected, JSON.stringify(raw));
    }
  });

  it('may be a thousand, and cost nobody anything', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => ({
      ...nginx,
      files: `**/*{a,b,c}*/[!x]${String(index)}?.conf`,
    }));
    const before = process.cpuUsage();
    const parsed = parseRules(many);
    const fitting = rulesFor(parsed?.rules ?? [], ['/srv/xa1/y999z.conf', 'xa1/y999z.conf']);
    // Not the time of day: others may be busy here.
    const { user, system } = process.cpuUsage(before);
    const took = (user + system) / 1_000;
    assert.deepEqual([parsed?.rules.length, parsed?.problems, fitting.length], [1_000, [], 1]);
    assert.ok(took < 1_000, `${String(took)} ms`);
    const more = parseRules([...many, nginx, nginx]);
    assert.equal(more?.rules.length, 1_000);
    assert.deepEqual(
      more.problems.map(({ rule: which }) => which),
      [1_001],
    );
    assert.equal(parseRules(Array(1_000).fill(7))?.problems.length, 1_000);
  });

  it('have patterns that together stay small, whoever has written them', () => {
    const long = `${'{a,b}'.repeat(6)}${'x'.repeat(960)}`;
    const much = Array.from({ length: 13 }, () => ({ ...nginx, files: Array(100).fill(long) as string[] }));
    const parsed = parseRules([nginx, ...much, command]);
    assert.deepEqual(
      parsed?.rules.map(({ globs }) => globs),
      [[{ text: nginx.files }]],
    );
    const [problem, ...others] = parsed.problems;
    assert.deepEqual([problem?.rule, problem?.field, others], [2, 'files', []]);
    assert.match(problem?.expected ?? '', /^left out, as all rules after it: .* 100000 characters, /);
  });

  it('are read once, as long as they are the same', () => {
    let reads = 0;
    const once = new OnceRead((raw) => {
      reads++;
      return parseRules(raw);
    });
    assert.equal(once.of(undefined), undefined);
    const first = once.of([nginx]);
    assert.equal(once.of(structuredClone([nginx])), first);
    assert.deepEqual([first?.rules, reads], [[rule(nginx)], 2]);
    assert.equal(once.of([nginx, unit])?.rules.length, 2);
    assert.equal(once.of([nginx])?.rules.length, 1);
  });

  it('are for the files that they name, by the whole path and by the one below the folder', () => {
    const rules = [rule(nginx), rule(unit), rule(command)];
    const of = (...paths: readonly string[]): readonly number[] =>
      rulesFor(rules, paths).map((one) => rules.indexOf(one));
    assert.deepEqual(of('/w/nginx/x/a.conf', 'nginx/x/a.conf'), [0, 2]);
    assert.deepEqual(of('/w/b.conf', 'b.conf'), [1, 2]);
    assert.deepEqual(of('/w/b.conf'), [2]);
  });

  it('are a setting like others: a wrong one is told, and only that is not used', () => {
    assert.deepEqual(decode('holdfast.reopen.rules', undefined), { value: [] });
    assert.deepEqual(decode('holdfast.reopen.rules', []), { value: [] });
    const { value, problem } = decode('holdfast.reopen.rules', [nginx, { ...nginx, files: 'a{' }, unit]);
    assert.deepEqual(value, [rule(nginx), rule(unit)]);
    assert.ok(problem);
    assert.equal(
      english(problemMessage(problem)),
      'Rule 2 of the setting holdfast.reopen.rules is not used until it is corrected: files must be a glob pattern, or a list of some, whose brackets and braces are in pairs.',
    );
    const none = decode('holdfast.reopen.rules', { 0: nginx }).problem;
    assert.ok(none);
    assert.equal(
      english(problemMessage(none)),
      'The setting holdfast.reopen.rules must be a list of rules. Its default is used until it is corrected.',
    );
    const whole = decode('holdfast.reopen.rules', [7]).problem;
    assert.match(english(problemMessage(whole ?? none)), /: the rule must be an object with the fields files, /);
  });
});

describe('what a rule does', () => {
  const candidate = (pid: number): Candidate => ({
    process: { pid, started: 1 },
    program: 'nginx',
    since: 0,
    caught: ['SIGHUP'],
  });

  it('is nothing where no such program runs', () => {
    assert.deepEqual(decide(rule(nginx), []), { is: 'nothing' });
    assert.deepEqual(decide(rule({ ...command, process: nginx.process }), []), { is: 'nothing' });
  });

  it('is done to one, and asked about several', () => {
    assert.deepEqual(decide(rule(nginx), [candidate(1)]), { is: 'act' });
    assert.deepEqual(decide(rule({ ...nginx, ask: true }), [candidate(1)]), { is: 'ask', which: 'whether' });
    for (const ask of [true, false]) {
      const decision = decide(rule({ ...nginx, ask }), [candidate(1), candidate(2)]);
      assert.deepEqual(decision, { is: 'ask', which: 'of' });
    }
  });

  it('of a command and a unit is done once', () => {
    assert.deepEqual(decide(rule(command), undefined), { is: 'act' });
    assert.deepEqual(decide(rule({ ...command, process: nginx.process }), [candidate(1), candidate(2)]), { is: 'act' });
    assert.deepEqual(decide(rule(unit), undefined), { is: 'ask', which: 'whether' });
  });

  it('is a command whose words stay words', () => {
    const file = `/w/a b;$(touch x)'"\n.conf`;
    const words = ['x', '${file}', '$HOME', '${workspaceFolder}'];
    assert.deepEqual(commandWords(words, { file, folder: '/w' }), ['x', file, '$HOME', '/w']);
    assert.equal(commandWords(words, { file, folder: undefined }), undefined);
    assert.deepEqual(commandWords(['x', '${file}'], { file, folder: undefined }), ['x', file]);
    // What is put in is not read again.
    assert.deepEqual(commandWords(['x', '${file}'], { file: '${workspaceFolder}', folder: '/w' }), [
      'x',
      '${workspaceFolder}',
    ]);
  });

  it('need not be told of to the person, if the program is sent what it takes, or its unit reloaded, unasked', () => {
    const ours = { program: 'nginx', uid: 1000 };
    const serving = { caught: ['SIGHUP'], executable: '/usr/sbin/nginx' };
    const named = { ...nginx, process: { executable: '/usr/sbin/nginx' } };
    const done = (
      raw: unknown,
      holder = ours,
      inspected: Inspected = serving,
      uid: number | undefined = 1000,
    ): boolean => isDoneWith([rule(command), rule(raw)], holder, inspected, uid);
    assert.equal(done(named), true);
    assert.equal(done({ ...named, ask: true }), false);
    assert.equal(done(nginx), false, 'its pid file may name another one');
    assert.equal(done({ ...named, action: ['true'] }), false, 'what a command does is not known');
    assert.equal(done(named, { ...ours, uid: 0 }), false, 'another user’s is sent nothing');
    assert.equal(isDoneWith([rule(named)], ours, serving, undefined), false);
    assert.equal(done(named, ours, { ...serving, caught: ['SIGUSR1'] }), false, 'it would end');
    assert.equal(
      done(
        { ...named, process: { executable: '/usr/bin/ruby' } },
        { ...ours, program: 'ruby' },
        {
          ...serving,
          executable: '/usr/bin/ruby',
        },
      ),
      false,
      'it would end, too',
    );
    assert.equal(done(named, ours, { ...serving, executable: '/usr/bin/nginx' }), false);
    assert.equal(done(named, ours, { caught: ['SIGHUP'] }), false);
    const app = { caught: [], unit: { name: 'app.service', ofUser: false } };
    assert.equal(done(unit, ours, app), false, 'that one asks');
    const reload = { ...unit, ask: false };
    assert.equal(done(reload, { ...ours, uid: 0 }, app), true);
    assert.equal(done(reload, ours, { ...app, unit: { ...app.unit, ofUser: true } }), false);
    assert.equal(done({ ...reload, action: ['true'] }, ours, app), false);
  });

  it('is a signal only to who waits for it', () => {
    assert.equal(maySend('nginx', ['SIGHUP'], 'SIGHUP'), true);
    assert.equal(maySend('nginx', ['SIGUSR1'], 'SIGHUP'), false);
    // Go's runtime catches all of them.
    assert.equal(maySend('prometheus', ['SIGHUP', 'SIGPWR', 'SIGSTKFLT'], 'SIGHUP'), true);
    for (const program of ['bash', 'zsh', 'dash', 'busybox', 'ruby3.1', 'php8.2', 'java', 'tclsh']) {
      assert.equal(maySend(program, ['SIGHUP'], 'SIGHUP'), false, program);
    }
    assert.deepEqual([maySend('node', ['SIGUSR1'], 'SIGUSR1'), maySend('node', ['SIGHUP'], 'SIGHUP')], [false, true]);
  });
});

describe('what is said of rules', () => {
  it('names what they do, and no word of a command but the program', () => {
    const secret = rule({ files: '**', action: ['/opt/bin/deploy', '--token', 'hunter2'] });
    const said = [askMessage(secret, 'a.conf', 1), ruleButton(secret), untrustedMessage([secret], 'a.conf')].map(
      english,
    );
    assert.deepEqual(said, [
      'a.conf was saved. A rule says to run deploy.',
      'Run deploy',
      'a.conf was saved. A rule says to run deploy: it is not carried out, because this workspace is not trusted.',
    ]);
    assert.equal(
      english(untrustedMessage([rule(nginx), secret, secret], 'a.conf')),
      'a.conf was saved. Rules say to send SIGHUP to nginx, and 2 more: none is carried out, because this workspace is not trusted.',
    );
    assert.equal(
      english(askMessage(rule(nginx), 'a.conf', 3)),
      'a.conf was saved. A rule says to send SIGHUP to nginx, and 3 such programs run.',
    );
  });

  it('says why one was not carried out', () => {
    const why = (one: Rule, operation: string, path: string, errno: string, detail = errno): string =>
      english(failedMessage('a.conf', whyFailed(one, { operation, path, errno, detail })));
    const head = 'a.conf was saved, but a rule for it was not carried out: ';
    const one = rule(nginx);
    for (const [errno, said] of [
      ['EPERM', 'nginx.pid, or the program that it names, is another user’s. Nothing was sent.'],
      ['ELOOP', 'nginx.pid is a link, or no regular file. Nothing was sent.'],
      ['EINVAL', 'nginx.pid is a link, or no regular file. Nothing was sent.'],
      ['EBADMSG', 'nginx.pid names no process. Nothing was sent.'],
      ['ESTALE', 'the number in nginx.pid belongs to another program by now. Nothing was sent.'],
      ['EACCES', 'nginx.pid could not be read (EACCES). Nothing was sent.'],
    ] as const) {
      assert.equal(why(one, 'read', '/w/run/nginx.pid', errno), head + said);
    }
    assert.equal(
      why(one, 'ask the lookout', '', 'ESHUTDOWN'),
      `${head}the programs that run could not be looked at (ESHUTDOWN).`,
    );
    assert.equal(
      why(rule(unit), 'systemctl reload', 'app.service', 'EXIT1', 'Job failed\nmore'),
      `${head}app.service could not be reloaded: Job failed.`,
    );
    assert.equal(
      why(rule(command), 'run', '/usr/bin/make', 'EXIT2', ' *** No rule\u202e\n'),
      `${head}make: *** No rule\ufffd`,
    );
    assert.equal(
      why(rule(command), 'run', 'make', 'ETIMEDOUT'),
      `${head}make did not end within 60 seconds, and was stopped.`,
    );
    assert.equal(
      why(rule(command), 'rule', '', 'ENOENT'),
      `${head}the file is in no workspace folder, and the rule needs one.`,
    );
  });
});

describe('a rule that is written for the person', () => {
  const facts = { caught: ['SIGHUP'], executable: '/usr/sbin/nginx', unit: { name: 'n.service', ofUser: true } };

  it('is for this file, and this program or unit', () => {
    const signal = ruleFor('a/[b].conf', 'SIGHUP', facts);
    assert.deepEqual(signal, { files: 'a/[[]b[]].conf', process: { executable: '/usr/sbin/nginx' }, action: 'SIGHUP' });
    assert.deepEqual(rulesFor([rule(signal)], ['a/[b].conf']).length, 1);
    const reload = ruleFor('a.conf', 'reload', facts);
    assert.deepEqual(reload, { files: 'a.conf', process: { unit: 'n.service', ofUser: true }, action: 'reload' });
    assert.deepEqual(rule(reload).action, { is: 'reload' });
    assert.equal(ruleFor('a.conf', 'reload', { caught: [] }), undefined);
    assert.equal(ruleFor('a.conf', 'SIGHUP', { caught: [] }), undefined);
    assert.equal(ruleFor('x'.repeat(2_000), 'SIGHUP', facts), undefined);
  });

  it('is written where the list comes from that counts for the file, and nothing is copied from one to another', () => {
    const lists = { path: '/w/a.conf', below: 'a.conf', folder: undefined, workspace: undefined, user: undefined };
    const [folder, workspace, user] = [[nginx], [unit], [command]];
    assert.deepEqual(homeOfRule(lists), { whose: 'folder', there: undefined, path: 'a.conf' });
    assert.deepEqual(homeOfRule({ ...lists, user }), { whose: 'user', there: user, path: '/w/a.conf' });
    assert.deepEqual(homeOfRule({ ...lists, user, workspace }), {
      whose: 'workspace',
      there: workspace,
      path: '/w/a.conf',
    });
    const all = { ...lists, user, workspace, folder };
    assert.deepEqual(homeOfRule(all), { whose: 'folder', there: folder, path: 'a.conf' });
    assert.deepEqual(homeOfRule({ ...all, folder: {} }).there, {}, 'which is no list, and is told');
    const inNone = { ...lists, below: undefined };
    assert.deepEqual(homeOfRule(inNone), { whose: 'user', there: undefined, path: '/w/a.conf' });
    assert.deepEqual(homeOfRule({ ...inNone, workspace }).whose, 'workspace');
  });

  it('leaves all others as they are, also those that are wrong, and is there once', () => {
    const added = ruleFor('a.conf', 'SIGHUP', facts);
    assert.ok(added);
    const there = [nginx, { unknown: true }, 7];
    assert.deepEqual(withRule(there, added), [...there, added]);
    assert.deepEqual(withRule([...there, { ...added, ask: false }], added), [...there, { ...added, ask: false }]);
    assert.deepEqual(withRule(undefined, added), [added]);
    for (const raw of [{}, 'x', null]) assert.equal(withRule(raw, added), undefined);
  });
});

describe('a pid file', () => {
  it('names one process, in its first line', () => {
    assert.equal(parsePidFile('1\n'), 1, 'in a container');
    for (const text of ['42', '42\n', ' 42 \r\n', '42\n/var/lib/postgresql\n5432\n'])
      assert.equal(parsePidFile(text), 42, text);
    for (const text of [
      '',
      '\n42',
      '0',
      '-1',
      '-42',
      '+42',
      '42x',
      '4 2',
      '0x2a',
      '4e1',
      '9999999',
      '99999999999',
      '४२',
    ]) {
      assert.equal(parsePidFile(text), undefined, JSON.stringify(text));
    }
  });

  it('is that of a server, not of a worker that it has started, though it is the first process', () => {
    const parents = new Map([
      [9, 8],
      [8, 1],
      [1, 0],
    ]);
    const parentOf = (pid: number): number | undefined => parents.get(pid);
    assert.equal(isStartedBy(new Set([1, 9]), 8, parentOf), true);
    assert.equal(isStartedBy(new Set([1, 9]), 0, parentOf), false);
    assert.equal(isStartedBy(new Set([7]), 8, parentOf), false);
    assert.equal(
      isStartedBy(new Set([7]), 8, () => 8),
      false,
      'it comes to an end',
    );
  });

  it('names who was there when it was written', () => {
    assert.equal(wasThere(1_000, 2_000), true);
    assert.equal(wasThere(2_000, 2_000), true);
    assert.equal(wasThere(2_200, 2_000), false);
  });
});

describe('a unit that runs', () => {
  it('is one that systemd calls active', () => {
    for (const state of ['active', 'reloading']) assert.equal(saysActive(`ActiveState=${state}\n`), true);
    for (const state of ['inactive', 'failed', 'activating', 'deactivating', 'activeX']) {
      assert.equal(saysActive(`ActiveState=${state}\n`), false, state);
    }
    assert.equal(saysActive(''), false);
    assert.deepEqual(systemctlWords({ name: 'x.service', ofUser: true }, 'isActive'), [
      '--user',
      'show',
      '-p',
      'ActiveState',
      '--',
      'x.service',
    ]);
  });
});
