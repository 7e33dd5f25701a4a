/** What is told and offered after a save while programs go on with an older version: real programs in the real editor. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { DebugProtocolMessage } from 'vscode';

import { extensionId, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { reopen } from '../../../src/core/reopen/limits';
import { english, message, texts } from '../../../src/core/text';
import { within } from '../../support/deadline';
import type { EditorWindow } from '../../support/editor';
import { showHolders, treeItem } from '../../support/holdersShown';
import { buttonsOf, close, notice, noticesOf, press, rememberNotices } from '../../support/notices';
import { sharedWindow } from '../../support/sharedWindow';
import { changeAndSave, show, untilLevel, untilSaying } from '../../support/statusBar';
import { SteppedScript, steppedText } from '../../support/steppedScript';

const deadline = 20_000;

/** Says who it is, and waits in a program of its own, in which a Control+C ends it. */
const waitingText = (version: string): string =>
  ['#!/usr/bin/env bash', `echo "${version} $$" >>"$1"`, 'sleep 600', ''].join('\n');

/** Resolves with the lines that a file has, when there are so many. */
async function lines(path: string, count: number): Promise<readonly string[]> {
  const folder = join(path, '..');
  const read = (): readonly string[] => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []);
  const enough = new Promise<readonly string[]>((resolve) => {
    const look = (): void => {
      if (read().length < count) return;
      watcher.close();
      resolve(read());
    };
    const watcher = watch(folder, look);
    look();
  });
  return within(deadline, `${String(count)} lines in ${path}`, enough);
}

/** A terminal whose shell tells of its commands, in which this is typed. */
async function typeInTerminal(window: EditorWindow, cwd: string, line: string): Promise<void> {
  await window.run(
    async (vscode, folder, text, milliseconds) => {
      const terminal = vscode.window.createTerminal({ name: 'the one', shellPath: '/bin/bash', cwd: folder });
      terminal.show(true);
      if (!terminal.shellIntegration) {
        await new Promise<void>((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error('the shell tells nothing')), milliseconds);
          vscode.window.onDidChangeTerminalShellIntegration((event) => {
            if (event.terminal !== terminal) return;
            clearTimeout(timer);
            resolve();
          });
        });
      }
      terminal.sendText(text);
    },
    cwd,
    line,
    deadline,
  );
}

/** Changes and saves it as `changeAndSave` does. When VS Code told of the save, in milliseconds since the epoch. */
async function timedSave(window: EditorWindow, path: string, from: string, to: string): Promise<number> {
  return window.run(
    async (vscode, at, old, next) => {
      const document = await vscode.workspace.openTextDocument(at);
      const editor = await vscode.window.showTextDocument(document, { preview: false });
      const begin = document.getText().indexOf(old);
      const range = new vscode.Range(document.positionAt(begin), document.positionAt(begin + old.length));
      await editor.edit((builder) => builder.replace(range, next));
      let saved = 0;
      const listening = vscode.workspace.onDidSaveTextDocument((one) => {
        if (one === document) saved = Date.now();
      });
      if (!(await document.save())) throw new Error(`${at} was not saved`);
      listening.dispose();
      return saved;
    },
    path,
    from,
    to,
  );
}

const pidOf = (line: string | undefined): number => Number(line?.split(' ')[1]);

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('what is told after a save of a running file', function () {
  this.timeout(360_000);
  const shared = sharedWindow('reopen');

  it('a script in the integrated terminal: told at once, compared with what it runs, and run again there', async () => {
    const root = shared.folder();
    const path = join(root, 'run.sh');
    const output = join(root, 'output');
    writeFileSync(path, waitingText('old'), { mode: 0o755 });
    const { window } = shared;
    await show(window, path);
    await untilLevel(window, 'gated', 'run.sh');
    await typeInTerminal(window, root, `./run.sh '${output}'`);
    const first = pidOf((await lines(output, 1))[0]);
    await untilSaying(window, /held by 1/);

    await rememberNotices(window);
    const saved = await timedSave(window, path, 'old', 'new');
    const told = notice(window, `bash (pid ${String(first)}, since `);
    assert.deepEqual(await buttonsOf(told), [texts.rerun, texts.compare, texts.holders]);
    const [one] = await noticesOf(window);
    assert.match(one?.text ?? '', /^run\.sh was saved\. bash \(pid \d+, since .+\) still runs the version of .+\.$/);
    const after = (one?.at ?? NaN) - saved;
    console.log(`      the notification came ${String(after)} ms after the save`);
    assert.ok(after < 2_000, `${String(after)} ms`);

    await press(told, texts.compare);
    await window.page.locator('.monaco-diff-editor .editor.original .view-line', { hasText: 'old $$' }).waitFor();
    await window.page.locator('.monaco-diff-editor .editor.modified .view-line', { hasText: 'new $$' }).waitFor();
    const original = await window.run(async (vscode) => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      if (!(input instanceof vscode.TabInputTextDiff)) throw new Error('no comparison is shown');
      const document = await vscode.workspace.openTextDocument(input.original);
      return {
        text: document.getText(),
        language: document.languageId,
        writable: vscode.workspace.fs.isWritableFileSystem(input.original.scheme),
      };
    });
    assert.deepEqual(original, { text: waitingText('old'), language: 'shellscript', writable: false });

    await showHolders(window);
    const item = treeItem(window, new RegExp(`^bash, process ${String(first)}, has an older version`));
    await item.hover();
    await item.getByRole('button', { name: 'Rerun in Its Terminal' }).click();
    const second = pidOf((await lines(output, 2))[1]);
    assert.equal((await lines(output, 2))[1], `new ${String(second)}`);
    assert.equal(lives(first), false, 'the old one has ended');
    await untilSaying(window, /held by 1/);

    await timedSave(window, path, 'new', 'newest');
    await press(notice(window, `bash (pid ${String(second)}, since `), texts.rerun);
    const third = pidOf((await lines(output, 3))[2]);
    assert.equal((await lines(output, 3))[2], `newest ${String(third)}`);
    assert.equal(lives(second), false);
    assert.equal(await window.run((vscode) => vscode.window.terminals.length), 1, 'it is the same terminal');
  });

  it('a script that a task or a debug session has started: told, and started again by that', async () => {
    await withGuardedEditor('reopen-restart', async (editor, root) => {
      const [path, debugged] = [join(root, 'run.sh'), join(root, 'debugged.sh')];
      const [output, debugOutput] = [join(root, 'output'), join(root, 'debug-output')];
      for (const one of [path, debugged]) writeFileSync(one, waitingText('old'), { mode: 0o755 });
      mkdirSync(join(root, '.vscode'));
      const task = { label: 'serve', type: 'shell', command: './run.sh', args: [output] };
      writeFileSync(join(root, '.vscode', 'tasks.json'), JSON.stringify({ version: '2.0.0', tasks: [task] }));
      const window = await editor.openWindow();
      await window.activate(extensionId);

      await show(window, path);
      await untilLevel(window, 'gated', 'run.sh');
      await window.run(async (vscode) => {
        const serve = (await vscode.tasks.fetchTasks()).find(({ name }) => name === 'serve');
        if (!serve) throw new Error('there is no such task');
        await vscode.tasks.executeTask(serve);
      });
      const first = pidOf((await lines(output, 1))[0]);
      await untilSaying(window, /held by 1/);
      await timedSave(window, path, 'old', 'new');
      const ofTask = notice(window, `bash (pid ${String(first)}, since `);
      assert.deepEqual(await buttonsOf(ofTask), [texts.restartTask, texts.compare, texts.holders]);
      await press(ofTask, texts.restartTask);
      const second = (await lines(output, 2))[1];
      assert.match(second ?? '', /^new \d+$/);
      assert.deepEqual([lives(first), lives(pidOf(second))], [false, true]);
      assert.equal(await window.run((vscode) => vscode.tasks.taskExecutions.length), 1);

      await startDebugging(window, debugged, debugOutput);
      const third = pidOf((await lines(debugOutput, 1))[0]);
      await show(window, debugged);
      await untilSaying(window, /held by 1/);
      await timedSave(window, debugged, 'old', 'new');
      const ofSession = notice(window, `bash (pid ${String(third)}, since `);
      assert.deepEqual(await buttonsOf(ofSession), [texts.restartDebugging, texts.compare, texts.holders]);
      await press(ofSession, texts.restartDebugging);
      const fourth = (await lines(debugOutput, 2))[1];
      assert.match(fourth ?? '', /^new \d+$/);
      assert.deepEqual([lives(third), lives(pidOf(fourth))], [false, true]);
      assert.equal((await lines(output, 2)).length, 2, 'the task goes on');
      await window.run(async (vscode) => {
        await vscode.debug.stopDebugging();
        for (const execution of vscode.tasks.taskExecutions) execution.terminate();
      });
      await window.close();
    });
  });

  it('a program that has ended meanwhile: nothing is sent, and that is said', async () => {
    const root = shared.folder();
    const path = join(root, 'run.sh');
    const output = join(root, 'output');
    writeFileSync(path, waitingText('old'), { mode: 0o755 });
    const { window } = shared;
    await show(window, path);
    await typeInTerminal(window, root, `./run.sh '${output}'`);
    const pid = pidOf((await lines(output, 1))[0]);
    await untilSaying(window, /held by 1/);
    await timedSave(window, path, 'old', 'new');
    const told = notice(window, `bash (pid ${String(pid)}, since `);
    await told.waitFor();
    process.kill(pid, 'SIGKILL');
    await untilLevel(window, 'gated', 'run.sh');
    await press(told, texts.rerun);
    await notice(window, english(message(texts.nothingSent, 'bash', pid))).waitFor();
    assert.equal((await lines(output, 1)).length, 1, 'nothing was started');
  });

  it('a program that an interrupt does not end: nothing is started, and that is said', async () => {
    const root = shared.folder();
    const path = join(root, 'run.sh');
    const output = join(root, 'output');
    writeFileSync(path, waitingText('old').replace('echo', "trap '' INT\necho"), { mode: 0o755 });
    const { window } = shared;
    await show(window, path);
    await typeInTerminal(window, root, `./run.sh '${output}'`);
    const pid = pidOf((await lines(output, 1))[0]);
    await untilSaying(window, /held by 1/);
    await timedSave(window, path, 'old', 'new');
    await press(notice(window, `bash (pid ${String(pid)}, since `), texts.rerun);
    await notice(window, english(message(texts.noPrompt, 'bash', pid, reopen.prompt / 1000))).waitFor();
    assert.deepEqual([lives(pid), (await lines(output, 1)).length], [true, 1]);
  });

  it('a signal is offered to who waits for it: not to who ignores it, and not to bash', async () => {
    const root = shared.folder();
    const path = join(root, 'server.py');
    const script = join(root, 'run.sh');
    const output = join(root, 'output');
    writeFileSync(script, steppedText);
    writeFileSync(
      path,
      [
        'import os, signal, sys, threading',
        'def hup(*_):',
        '    with open(sys.argv[2], "a") as out: out.write(f"hup {os.getpid()}\\n")',
        'signal.signal(signal.SIGHUP, hup if sys.argv[1] == "catch" else signal.SIG_IGN)',
        'with open(sys.argv[2], "a") as out: out.write(f"{sys.argv[1]} {os.getpid()}\\n")',
        'while True: signal.pause()',
        '',
      ].join('\n'),
    );
    const children: ChildProcess[] = [];
    const bash = new SteppedScript(script);
    try {
      for (const how of ['catch', 'ignore']) {
        children.push(spawn('python3', [path, how, output], { stdio: 'ignore' }));
      }
      const started = await lines(output, 2);
      const [catches, ignores] = ['catch', 'ignore'].map((how) => pidOf(started.find((line) => line.startsWith(how))));
      const { window } = shared;
      await show(window, script);
      await untilSaying(window, /held by 1/);
      await changeAndSave(window, script, '# saved');
      const ofBash = notice(window, `bash (pid ${String(bash.pid)}, since `);
      assert.deepEqual(await buttonsOf(ofBash), [texts.compare, 'Ignore bash', texts.holders]);
      await close(ofBash);
      await show(window, path);
      await untilSaying(window, /held by 2/);
      await changeAndSave(window, path, '# saved');
      const several = notice(window, texts.oneMoreStale);
      assert.deepEqual(await buttonsOf(several), [texts.holders]);
      await press(several, texts.holders);
      assert.deepEqual(await menuOf(window, catches ?? 0), ['Send SIGHUP', 'Ignore This Program']);
      await closeMenu(window);
      assert.deepEqual(await menuOf(window, ignores ?? 0), ['Ignore This Program']);
      await closeMenu(window);
      assert.deepEqual(await menuOf(window, bash.pid), ['Compare with What It Runs', 'Ignore This Program']);
      await closeMenu(window);
      await menuOf(window, catches ?? 0);
      await chooseFromMenu(window, 'Send SIGHUP');
      await window.page.locator('.statusbar-item', { hasText: 'SIGHUP was sent to python3' }).waitFor();
      assert.equal((await lines(output, 3))[2], `hup ${String(catches)}`);
    } finally {
      for (const child of children) child.kill('SIGKILL');
      await bash.kill();
    }
  });

  it('the fourth save in ten minutes is told by the status bar only', async () => {
    const root = shared.folder();
    const path = join(root, 'run.sh');
    writeFileSync(path, steppedText);
    const scripts: SteppedScript[] = [];
    try {
      const { window } = shared;
      await show(window, path);
      await showHolders(window);
      await rememberNotices(window);
      for (const save of [1, 2, 3, 4]) {
        const script = new SteppedScript(path);
        scripts.push(script);
        await treeItem(window, new RegExp(`^bash, process ${String(script.pid)}, read to line `)).waitFor();
        await changeAndSave(window, path, `# save ${String(save)}`);
        const item = treeItem(window, new RegExp(`^bash, process ${String(script.pid)}, has an older version`));
        await item.waitFor();
        if (save < 4) await close(notice(window, `(pid ${String(script.pid)}, `));
        // It was asked what can be done about it: what is told is told by then.
        else
          await item
            .getByRole('button', { name: 'Compare with What It Runs', includeHidden: true })
            .waitFor({ state: 'attached' });
      }
      await untilSaying(window, /4 on old version/);
      const told = (await noticesOf(window)).filter(({ text }) => text.includes('still runs'));
      assert.deepEqual(
        told.map(({ text }) => scripts.findIndex(({ pid }) => text.includes(`(pid ${String(pid)}, `))),
        [0, 1, 2],
      );
    } finally {
      for (const script of scripts) await script.kill();
    }
  });

  it('names are names: nothing in one is executed', async () => {
    const root = shared.folder();
    const folder = join(root, 'x;touch $(echo owned)');
    mkdirSync(folder);
    const path = join(folder, 'a`touch owned`$(touch owned);&\'"b.sh');
    const output = join(root, 'output');
    writeFileSync(path, waitingText('old'), { mode: 0o755 });
    const { window } = shared;
    await show(window, path);
    await typeInTerminal(window, root, `bash '${path.replaceAll("'", `'\\''`)}' '${output}'`);
    const first = pidOf((await lines(output, 1))[0]);
    await untilSaying(window, /held by 1/);
    await timedSave(window, path, 'old', 'new');
    const told = notice(window, `bash (pid ${String(first)}, since `);
    // The shell's words for the name are others than the name: it is not certain that the line is the program's.
    assert.deepEqual((await buttonsOf(told)).at(-1), texts.holders);
    await press(told, texts.compare);
    await window.page.locator('.monaco-diff-editor .editor.original .view-line', { hasText: 'old $$' }).waitFor();
    await showHolders(window);
    const item = treeItem(window, new RegExp(`^bash, process ${String(first)}, has an older version`));
    await item.hover();
    await item.getByRole('button', { name: 'Rerun in Its Terminal' }).click();
    assert.match((await lines(output, 2))[1] ?? '', /^new \d+$/);
    for (const where of [root, folder]) assert.equal(existsSync(join(where, 'owned')), false);
  });

  it('a program that is to be ignored is not told of again', async () => {
    const root = shared.folder();
    const path = join(root, 'run.sh');
    writeFileSync(path, steppedText);
    const scripts = [new SteppedScript(path)];
    try {
      const { window } = shared;
      await show(window, path);
      await showHolders(window);
      await treeItem(window, /^bash, process \d+, read to line /).waitFor();
      await changeAndSave(window, path, '# one');
      await press(notice(window, 'still runs'), 'Ignore bash');
      // The last of the group: the setting is the folder's, and stays.
      const settings = join(shared.root, '.vscode', 'settings.json');
      await window.page.locator('.statusbar-item', { hasText: 'bash is ignored here' }).waitFor();
      assert.deepEqual(JSON.parse(readFileSync(settings, 'utf8')), { 'holdfast.reopen.ignore': ['/usr/bin/bash'] });
      await rememberNotices(window);
      const script = new SteppedScript(path);
      scripts.push(script);
      await treeItem(window, new RegExp(`^bash, process ${String(script.pid)}, read to line `)).waitFor();
      await changeAndSave(window, path, '# two');
      const item = treeItem(window, new RegExp(`^bash, process ${String(script.pid)}, has an older version`));
      await item
        .getByRole('button', { name: 'Compare with What It Runs', includeHidden: true })
        .waitFor({ state: 'attached' });
      assert.deepEqual(await noticesOf(window), []);
    } finally {
      for (const script of scripts) await script.kill();
    }
  });
});

/** Starts a script by a debug adapter that does nothing else, and tells its process, as those of Python, Go and C++ do. */
async function startDebugging(window: EditorWindow, program: string, output: string): Promise<void> {
  await window.run(
    async (vscode, script, argument) => {
      interface Request {
        readonly type: string;
        readonly seq: number;
        readonly command: string;
      }
      const { spawn: start } = process.getBuiltinModule('node:child_process');
      vscode.debug.registerDebugAdapterDescriptorFactory('holdfast-test', {
        createDebugAdapterDescriptor: () => {
          const sent = new vscode.EventEmitter<DebugProtocolMessage>();
          let child: ReturnType<typeof start> | undefined;
          const event = (name: string, body: object = {}): void => {
            sent.fire({ type: 'event', seq: 0, event: name, body });
          };
          return new vscode.DebugAdapterInlineImplementation({
            onDidSendMessage: sent.event,
            handleMessage: (message) => {
              const { type, seq, command } = message as unknown as Request;
              if (type !== 'request') return;
              const body = command === 'threads' ? { threads: [] } : {};
              const answer = { type: 'response', seq: 0, request_seq: seq, command, success: true, body };
              if (command === 'launch') {
                child = start(script, [argument], { stdio: 'ignore' });
                child.once('exit', () => event('terminated'));
              }
              if (command === 'disconnect' || command === 'terminate') child?.kill('SIGKILL');
              sent.fire(answer);
              if (command === 'initialize') event('initialized');
              if (command === 'launch') {
                event('process', {
                  name: script,
                  systemProcessId: child?.pid,
                  isLocalProcess: true,
                  startMethod: 'launch',
                });
              }
            },
            dispose: () => child?.kill('SIGKILL'),
          });
        },
      });
      const started = await vscode.debug.startDebugging(undefined, {
        type: 'holdfast-test',
        request: 'launch',
        name: 'a script',
      });
      if (!started) throw new Error('debugging has not begun');
    },
    program,
    output,
  );
}

/** What the menu of a holder's item offers to be done about its version. */
async function menuOf(window: EditorWindow, pid: number): Promise<readonly string[]> {
  const item = treeItem(window, new RegExp(`process ${String(pid)}, `));
  const menu = window.page.locator('.monaco-menu');
  // The list may move under the pointer: the menu is the one of the item that has the focus.
  for (const until = Date.now() + deadline; ;) {
    await item.click({ button: 'right' });
    await menu.getByRole('menuitem', { name: 'Copy Process ID' }).waitFor();
    if (/\bfocused\b/.test((await item.getAttribute('class')) ?? '')) break;
    assert.ok(Date.now() < until, `the menu of process ${String(pid)} is not shown`);
    await closeMenu(window);
  }
  const all = await menu.getByRole('menuitem').allInnerTexts();
  return all.map((one) => one.trim()).filter((one) => /^(Compare with|Rerun|Reload|Send|Ignore) /.test(one));
}

/** By the keyboard: in the first tenth of a second VS Code does not heed the mouse in a menu (menu.ts, BaseMenuActionViewItem). */
async function chooseFromMenu(window: EditorWindow, label: string): Promise<void> {
  const menu = window.page.locator('.monaco-menu');
  const count = await menu.getByRole('menuitem').count();
  for (let turn = 0; turn < count; turn++) {
    await window.press('ArrowDown');
    const focused = await menu.locator('.action-item.focused').allInnerTexts();
    if (!focused.some((text) => text.includes(label))) continue;
    await window.press('Enter');
    return;
  }
  assert.fail(`the menu has no ${label}`);
}

/** Waits until it is gone: the next one could be taken for it. */
async function closeMenu(window: EditorWindow): Promise<void> {
  await window.press('Escape');
  await window.page.locator('.monaco-menu').waitFor({ state: 'hidden' });
}
