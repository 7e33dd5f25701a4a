/** `npm run compare`: every kind of file, saved by several programs and by VS Code without and with Holdfast. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';

import { compare, type Outcome, type Peer } from '../test/support/comparison/compare';
import { programPeers } from '../test/support/comparison/peers';
import { goThisWay, saveText, type Way } from '../test/support/scenarios/following';
import { savedFacts } from '../test/support/saveLog';
import { comparisonText } from './lib/comparisonText';
import { extensionId, runIn, withGuardedEditor } from './lib/guardedEditor';

async function main(): Promise<void> {
  const tools = process.env['HOLDFAST_TOOLS'];
  if (tools === undefined) throw new Error('HOLDFAST_TOOLS is not set: use npm run compare');
  await withGuardedEditor('compare', async (editor) => {
    const window = await editor.openWindow();
    await window.activate(extensionId);
    const run = runIn(window);
    const extensionHost = await run(() => process.pid);
    const editorPeer = (name: string, way: Way): Peer => ({
      name,
      save: async (path, text) => {
        await goThisWay(run, way);
        try {
          await saveText(run, path, text);
        } finally {
          await run((api) => api.commands.executeCommand('workbench.action.revertAndCloseActiveEditor'));
        }
        const [line] = await savedFacts(extensionHost, path, 1);
        const { level = '?', reason = '?' } = line ?? {};
        return level === reason ? level : `${level} (${reason})`;
      },
    });
    const peers = [
      ...programPeers(tools),
      editorPeer('VS Code', 'stock'),
      editorPeer('VS Code with Holdfast', 'guarded'),
    ];
    const outcomes: Outcome[] = await compare(peers, (outcome) => console.log(JSON.stringify(outcome)));
    const { dependencies } = JSON.parse(await readFile(join(tools, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const versions = {
      vim: /\d+\.\d+/.exec(execFileSync('vim', ['--version'], { encoding: 'utf8' }))?.[0] ?? '?',
      gio: execFileSync('gio', ['version'], { encoding: 'utf8' }).trim(),
      'write-file-atomic': dependencies['write-file-atomic'] ?? '?',
      atomically: dependencies['atomically'] ?? '?',
      'VS Code': editor.version,
      Linux: release().replace(/^(\d+\.\d+).*/, '$1'),
    };
    const date = new Date().toISOString().slice(0, 10);
    await mkdir('out', { recursive: true });
    await writeFile(join('out', 'compare.json'), `${JSON.stringify({ date, versions, outcomes }, undefined, 2)}\n`);
    await mkdir('docs', { recursive: true });
    await writeFile(join('docs', 'comparison.md'), comparisonText(outcomes, versions, date));
    console.log('docs/comparison.md and out/compare.json are written');
  });
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
