/** `npm run compare`: every kind of file, saved by several programs and by VS Code without and with Holdfast. */
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';

import { wrappers, type User } from '../test/support/comparison/cases';
import { compare, type Outcome, type Peer } from '../test/support/comparison/compare';
import { programPeers } from '../test/support/comparison/peers';
import type { Run } from '../test/support/run';
import { goThisWay, saveText, type Way } from '../test/support/scenarios/following';
import { savedFacts } from '../test/support/saveLog';
import { comparisonText } from './lib/comparisonText';
import { extensionId, runIn, withGuardedEditor } from './lib/guardedEditor';

/** All kinds of files that are saved by this user. */
async function compareAs(
  user: User,
  tools: string,
): Promise<{ readonly outcomes: Outcome[]; readonly vscode: string }> {
  const wrapper = wrappers[user];
  return withGuardedEditor(
    'compare',
    async (editor) => {
      const window = await editor.openWindow();
      await window.activate(extensionId);
      const run = runIn(window);
      const extensionHost = await run(() => process.pid);
      const editorPeer = (name: string, way: Way): Peer => ({
        name,
        save: async (path, text) => {
          await goThisWay(run, way);
          try {
            await (existsSync(path) ? saveText : saveTextOfDeleted)(run, path, text);
          } finally {
            await run((api) => api.commands.executeCommand('workbench.action.revertAndCloseActiveEditor'));
          }
          const [line] = await savedFacts(extensionHost, path, 1);
          const { level = '?', reason = '?' } = line ?? {};
          return level === reason ? level : `${level} (${reason})`;
        },
      });
      const peers = [
        ...programPeers(tools, wrapper),
        editorPeer('VS Code', 'stock'),
        editorPeer('VS Code with Holdfast', 'guarded'),
      ];
      const outcomes = await compare(user, peers, (outcome) => console.log(JSON.stringify(outcome)));
      return { outcomes, vscode: editor.version };
    },
    { wrapper },
  );
}

/** VS Code opens nothing that is not there: the file was there when it was opened and changed, and is deleted before it is saved. */
async function saveTextOfDeleted(run: Run, path: string, text: string): Promise<void> {
  writeFileSync(path, 'deleted soon\n');
  const file = realpathSync(path);
  await run(
    async (api, at, newText) => {
      const document = await api.workspace.openTextDocument(at);
      const edit = new api.WorkspaceEdit();
      edit.replace(document.uri, new api.Range(0, 0, document.lineCount, 0), newText);
      if (!(await api.workspace.applyEdit(edit)) || !document.isDirty) throw new Error(`${at} was not changed`);
    },
    path,
    text,
  );
  rmSync(file);
  await run(async (api, at) => {
    const document = await api.workspace.openTextDocument(at);
    if (!(await document.save())) throw new Error(`${at} was not saved`);
  }, path);
}

async function main(): Promise<void> {
  const tools = process.env['HOLDFAST_TOOLS'];
  if (tools === undefined) throw new Error('HOLDFAST_TOOLS is not set: use npm run compare');
  const byRoot = await compareAs('root', tools);
  const byUser = await compareAs('ordinary user', tools);
  const outcomes = [...byRoot.outcomes, ...byUser.outcomes];
  const { dependencies } = JSON.parse(await readFile(join(tools, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const versions = {
    vim: /\d+\.\d+/.exec(execFileSync('vim', ['--version'], { encoding: 'utf8' }))?.[0] ?? '?',
    gio: execFileSync('gio', ['version'], { encoding: 'utf8' }).trim(),
    'write-file-atomic': dependencies['write-file-atomic'] ?? '?',
    atomically: dependencies['atomically'] ?? '?',
    'VS Code': byRoot.vscode,
    Linux: release().replace(/^(\d+\.\d+).*/, '$1'),
  };
  const date = new Date().toISOString().slice(0, 10);
  await mkdir('out', { recursive: true });
  await writeFile(join('out', 'compare.json'), `${JSON.stringify({ date, versions, outcomes }, undefined, 2)}\n`);
  await mkdir('docs', { recursive: true });
  await writeFile(join('docs', 'comparison.md'), comparisonText(outcomes, versions, date));
  console.log('docs/comparison.md and out/compare.json are written');
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
