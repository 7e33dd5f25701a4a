/** Rules of the setting `holdfast.reopen.rules`, with real programs in the real editor. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { extensionId, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { english, message, texts } from '../../../src/core/text';
import { compiled } from '../../support/compiled';
import { within } from '../../support/deadline';
import type { EditorWindow } from '../../support/editor';
import { LineProgram } from '../../support/lineProgram';
import { Nginx, nginxProgram, nginxText } from '../../support/nginx';
import { buttonsOf, close, notice, noticesOf, press, rememberNotices } from '../../support/notices';
import { skip } from '../../support/skip';
import { changeAndSave, show, untilLevel, untilSaying } from '../../support/statusBar';

const deadline = 20_000;

async function untilSaid(window: EditorWindow, text: string): Promise<void> {
  await window.page.locator('.statusbar-item', { hasText: text }).waitFor({ timeout: deadline });
}

describe('rules', function () {
  this.timeout(360_000);

  it('of a workspace that is not trusted are shown; of a trusted one they are carried out, on whom they name', async function () {
    const program = nginxProgram();
    if (program === undefined) skip(this, 'driven.nginx', 'nginx is not there');
    const catcher = await compiled('catcher');
    await withGuardedEditor(
      'rules',
      async (editor, root) => {
        const port = await Nginx.port();
        const conf = join(root, 'nginx.conf');
        writeFileSync(conf, nginxText(port, 'old'));
        const own = join(root, 'catcher');
        copyFileSync(catcher, own);
        const odd = join(root, 'c;touch $(echo owned).txt');
        for (const path of [odd, join(root, 'stale.txt'), join(root, 'two.txt'), join(root, 'data.bin')])
          writeFileSync(path, 'text\n');
        mkdirSync(join(root, '.vscode'));
        const rules = [
          { files: 'nginx.conf', process: { pidFile: 'nginx.pid', executable: program }, action: 'SIGHUP' },
          { files: '{', action: 'reload' },
          { files: 'stale.txt', process: { pidFile: 'stale.pid' }, action: 'SIGHUP' },
          { files: 'two.txt', process: { executable: own }, action: 'SIGHUP' },
          { files: 'never', action: 'SIGKILL' },
          { files: '*.txt', action: ['cp', '--', '${file}', 'copied'] },
        ];
        writeFileSync(join(root, '.vscode', 'settings.json'), JSON.stringify({ 'holdfast.reopen.rules': rules }));
        const nginx = Nginx.start(program, root, port);
        const stale = await LineProgram.start(own, join(root, 'stale.pid'));
        const catchers: LineProgram[] = [stale];
        try {
          await nginx.untilServing('old');
          const window = await editor.openWindow();
          await window.activate(extensionId);
          await show(window, conf);
          await untilLevel(window, 'gated', 'nginx.conf');

          // It was set by whoever has made the folder.
          assert.equal(await window.run((vscode) => vscode.workspace.isTrusted), false);
          await rememberNotices(window);
          await replaceAndSave(window, conf, 'old', 'untrusted');
          const told = notice(window, 'not trusted');
          assert.match(
            await told.innerText(),
            /nginx\.conf was saved\. A rule says to send SIGHUP to nginx: it is not/,
          );
          await changeAndSave(window, odd, 'untrusted');
          assert.equal(await nginx.ask(), 'old', 'it was sent nothing');
          const [wrong, ...more] = (await noticesOf(window)).filter(({ text }) => text.includes('Rule 2 of'));
          assert.match(
            wrong?.text ?? '',
            /holdfast\.reopen\.rules is not used until it is corrected: files must be a glob/,
          );
          assert.equal(more.length, 0);
          await press(told, texts.manageTrust);
          await window.page
            .locator('.workspace-trust-editor')
            .getByRole('button', { name: 'Trust', exact: true })
            .click();
          await within(deadline, 'trust', untilTrusted(window));
          assert.equal(existsSync(join(root, 'copied')), false, 'nothing was run');

          await show(window, conf);
          await replaceAndSave(window, conf, 'untrusted', 'new');
          await untilSaid(window, english(message(texts.signalSent, 'SIGHUP', 'nginx', nginx.pid)));
          await nginx.untilServing('new');

          await changeAndSave(window, odd, 'trusted');
          await untilSaid(window, english(message(texts.commandRun, 'cp')));
          assert.match(readFileSync(join(root, 'copied'), 'utf8'), /^trusted\nuntrusted\ntext\n$/);
          assert.equal(existsSync(join(root, 'owned')), false);

          // As if the pid had been given again since the file was written.
          utimesSync(join(root, 'stale.pid'), 1_000_000_000, 1_000_000_000);
          await changeAndSave(window, join(root, 'stale.txt'), 'one');
          const refused = notice(
            window,
            'the number in stale.pid belongs to another program by now. Nothing was sent.',
          );
          await close(refused);

          catchers.push(await LineProgram.start(own));
          await changeAndSave(window, join(root, 'two.txt'), 'one');
          const asked = notice(window, 'A rule says to send SIGHUP to catcher, and 2 such programs run.');
          assert.deepEqual(stale.lines, ['READY']);
          await press(asked, texts.sendToAll);
          for (const one of catchers) assert.equal(await one.next(), 'hup');

          const mapped = join(root, 'data.bin');
          const mapper = await LineProgram.start(own, '/dev/null', '0', mapped);
          catchers.push(mapper);
          await show(window, mapped);
          await untilSaying(window, /held by 1/);
          await changeAndSave(window, mapped, 'one');
          const still = notice(window, `catcher (pid ${String(mapper.pid)}, since `);
          const always = english(message(texts.always, 'data.bin'));
          assert.deepEqual(await buttonsOf(still), ['Send SIGHUP', always, texts.holders]);
          await press(still, always);
          assert.equal(await mapper.next(), 'hup');
          await untilSaid(window, 'From now on, when data.bin is saved: send SIGHUP to catcher.');
          const settings = JSON.parse(readFileSync(join(root, '.vscode', 'settings.json'), 'utf8')) as unknown;
          const added = { files: 'data.bin', process: { executable: own }, action: 'SIGHUP' };
          assert.deepEqual(settings, { 'holdfast.reopen.rules': [...rules, added] });
          const helped = await helpIn(window, join(root, '.vscode', 'settings.json'), '"SIGKILL"');
          assert.match(helped.problems.join(), /SIGHUP/, 'what is wrong is underlined');
          assert.deepEqual(
            ['"reload"', '"SIGHUP"', '"SIGUSR1"', '"SIGUSR2"'].filter((one) => !helped.completions.includes(one)),
            [],
          );
          for (const one of catchers.splice(0, 2)) await one.kill();
          await changeAndSave(window, mapped, 'two');
          assert.equal(await mapper.next(), 'hup');
          await window.close();
        } finally {
          for (const one of catchers) await one.kill();
          await nginx.stop();
        }
      },
      { workspaceTrust: true },
    );
  });
});

/** Changes a word of the document, and saves it. */
async function replaceAndSave(window: EditorWindow, path: string, from: string, to: string): Promise<void> {
  await window.run(
    async (vscode, at, old, next) => {
      const document = await vscode.workspace.openTextDocument(at);
      const editor = await vscode.window.showTextDocument(document, { preview: false });
      const begin = document.getText().indexOf(`"${old}"`) + 1;
      const range = new vscode.Range(document.positionAt(begin), document.positionAt(begin + old.length));
      await editor.edit((builder) => builder.replace(range, next));
      if (!(await document.save())) throw new Error(`${at} was not saved`);
    },
    path,
    from,
    to,
  );
}

/** What VS Code says of a word in a settings file, and what it offers in its place. */
async function helpIn(
  window: EditorWindow,
  path: string,
  word: string,
): Promise<{ readonly problems: readonly string[]; readonly completions: readonly string[] }> {
  return window.run(
    async (vscode, at, wrong) => {
      const document = await vscode.workspace.openTextDocument(at);
      await vscode.window.showTextDocument(document);
      const place = document.positionAt(document.getText().indexOf(wrong) + 1);
      const problems = (): string[] =>
        vscode.languages
          .getDiagnostics(document.uri)
          .filter(({ range }) => range.contains(place))
          .map((one) => one.message);
      if (problems().length === 0) {
        await new Promise<void>((resolve) => {
          const listening = vscode.languages.onDidChangeDiagnostics(() => {
            if (problems().length === 0) return;
            listening.dispose();
            resolve();
          });
        });
      }
      const list = await vscode.commands.executeCommand<{ items: { label: string | { label: string } }[] }>(
        'vscode.executeCompletionItemProvider',
        document.uri,
        place,
      );
      const completions = list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
      return { problems: problems(), completions };
    },
    path,
    word,
  );
}

async function untilTrusted(window: EditorWindow): Promise<void> {
  await window.run(async (vscode) => {
    if (vscode.workspace.isTrusted) return;
    await new Promise<void>((resolve) => {
      vscode.workspace.onDidGrantWorkspaceTrust(() => resolve());
    });
  });
}
