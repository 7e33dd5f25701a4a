/** What follows files inside VS Code: what it reports is written to a file by the extension host, and read from there. */
import { execFile } from 'node:child_process';
import { readFileSync, watch, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type * as vscode from 'vscode';

import { within } from '../deadline';
import { projectFolder } from '../editor/installations';
import type { Run } from '../run';
import type { Followed } from '../scenarios/following';
import type { Follower } from './follower';
import { Reports, type Report } from './reports';
import { readChecker, sentinelText, typescriptFiles, typescriptProject, typescriptText } from './tools';

const git = promisify(execFile);

/** Milliseconds. */
const startDeadline = 60_000;

/** What a window needs for them to follow. */
export const followingSettings = {
  'git.enabled': true,
  // The server's own compiler is not installed.
  'typescript.tsdk': join(projectFolder(), 'node_modules', 'typescript', 'lib'),
  'files.associations': { [typescriptFiles.file]: 'plaintext' },
} as const;

interface EditorFollowed extends Followed {
  readonly follows: 'name';
  /** It is ready and tells within a second. */
  readonly light: boolean;
}

/**
 * @param run in the window
 * @param logs a folder that VS Code does not watch
 */
export function editorFollowers(run: Run, logs: string): readonly EditorFollowed[] {
  return [changesOnly(run, logs), typescriptServer(run, logs), gitView(run, logs)];
}

/** An extension that asks for changes, and neither for files that appear nor for those that go. */
function changesOnly(run: Run, logs: string): EditorFollowed {
  return {
    name: 'VS Code: an extension that listens to changes only',
    follows: 'name',
    light: true,
    // VS Code gathers events for a moment; what lies across its end is told twice, in the stock editor, too.
    raw: true,
    files: { file: 'watched.txt', sentinel: 'sentinel.txt' },
    text: (version) => `version ${String(version)}\n`,
    start: (folder) =>
      startInEditor(
        run,
        join(logs, 'changes'),
        folder,
        (api, log, at) => {
          const { appendFileSync } = process.getBuiltinModule('node:fs');
          const watcher = api.workspace.createFileSystemWatcher(
            new api.RelativePattern(api.Uri.file(at), '*.txt'),
            true,
            false,
            true,
          );
          watcher.onDidChange(({ fsPath }) =>
            appendFileSync(log, `change ${fsPath.endsWith('watched.txt') ? 'watched' : 'sentinel'}\n`),
          );
          // Not for it, but told to whoever reads the results: what else VS Code makes of the same saves.
          const others = api.workspace.createFileSystemWatcher(
            new api.RelativePattern(api.Uri.file(at), 'watched.txt'),
            false,
            true,
            false,
          );
          others.onDidCreate(() => appendFileSync(log, 'create\n'));
          others.onDidDelete(() => appendFileSync(log, 'delete\n'));
          appendFileSync(log, 'READY\n');
          Object.assign(globalThis, { [log]: api.Disposable.from(watcher, others) });
        },
        (line) => {
          if (!line.startsWith('change')) return { kind: line };
          return line.includes('watched') ? { file: undefined, kind: 'change' } : { sentinel: Infinity };
        },
      ),
  };
}

/**
 * VS Code's TypeScript server, asked about a file that imports the one saved. That one is no TypeScript to VS Code itself (by
 * `files.associations`), or it would be handed to the server by the editor and not be read from the disk.
 */
function typescriptServer(run: Run, logs: string): EditorFollowed {
  return {
    name: 'VS Code: a TypeScript project',
    follows: 'name',
    light: false,
    files: typescriptFiles,
    text: typescriptText,
    project: typescriptProject,
    start: (folder) =>
      startInEditor(
        run,
        join(logs, 'typescript'),
        folder,
        async (api, log, at) => {
          const { appendFileSync } = process.getBuiltinModule('node:fs');
          const main = `${at}/main.ts`;
          let last = '';
          const look = (): void => {
            const found = api.languages
              .getDiagnostics(api.Uri.file(main))
              .map(({ message }) => message)
              .sort()
              .join(' ');
            // While the server starts, and between two versions, it may have nothing to say.
            if (found === last || found.split("'never'").length !== 3) return;
            if (last === '') appendFileSync(log, 'READY\n');
            else appendFileSync(log, `${found}\n`);
            last = found;
          };
          const listener = api.languages.onDidChangeDiagnostics(look);
          await api.window.showTextDocument(await api.workspace.openTextDocument(main), { preview: false });
          look();
          Object.assign(globalThis, { [log]: listener });
        },
        readChecker,
      ),
  };
}

/** The git extension's list of changed files, which the view shows. Every other version is the one committed. */
function gitView(run: Run, logs: string): EditorFollowed {
  const text = (version: number): string => `version ${String(version % 2)}\n`;
  return {
    name: 'VS Code: the git view',
    follows: 'name',
    light: false,
    files: { file: 'watched.txt', sentinel: 'sentinel.txt' },
    text,
    sentinelText: (version) => sentinelText('', version % 2),
    seenAs: (version) => version % 2,
    start: async (folder) => {
      const identity = ['-c', 'user.name=Holdfast', '-c', 'user.email=tests@holdfast.invalid'];
      await git('git', ['-C', folder, 'init', '--quiet']);
      await git('git', ['-C', folder, 'add', '.']);
      await git('git', ['-C', folder, ...identity, 'commit', '--quiet', '--message', 'first']);
      return startInEditor(
        run,
        join(logs, 'git'),
        folder,
        async (api, log, at) => {
          const { appendFileSync } = process.getBuiltinModule('node:fs');
          interface Repository {
            readonly state: {
              readonly workingTreeChanges: readonly { readonly uri: vscode.Uri }[];
              readonly onDidChange: vscode.Event<void>;
            };
          }
          const extension = api.extensions.getExtension<{
            getAPI(version: 1): { openRepository(root: vscode.Uri): Promise<Repository | null> };
          }>('vscode.git');
          const repository = await (await extension?.activate())?.getAPI(1).openRepository(api.Uri.file(at));
          if (!repository) throw new Error(`git does not know ${at}`);
          let last = 'watched=0 sentinel=0';
          const look = (): void => {
            const changed = repository.state.workingTreeChanges.map(({ uri }) => uri.fsPath);
            const of = (name: string): string => (changed.includes(`${at}/${name}`) ? '1' : '0');
            const now = `watched=${of('watched.txt')} sentinel=${of('sentinel.txt')}`;
            if (now === last) return;
            last = now;
            appendFileSync(log, `${now}\n`);
          };
          const listener = repository.state.onDidChange(look);
          look();
          appendFileSync(log, 'READY\n');
          Object.assign(globalThis, { [log]: listener });
        },
        (line) => {
          const [, file, sentinel] = /watched=(\d) sentinel=(\d)/.exec(line) ?? [];
          return { file: Number(file), sentinel: Number(sentinel) };
        },
      );
    },
  };
}

/**
 * Starts a listener in the extension host.
 * @param log where its lines go
 * @param listen appends its lines to the log, READY when it follows, and leaves what ends it as `globalThis[log]`
 */
async function startInEditor(
  run: Run,
  log: string,
  folder: string,
  listen: (api: typeof vscode, log: string, folder: string) => void | Promise<void>,
  read: (line: string) => Report | undefined,
): Promise<Follower> {
  const reports = new Reports();
  writeFileSync(log, '');
  let taken = 0;
  let ready: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const look = (): void => {
    const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
    for (const line of lines.slice(taken)) {
      taken++;
      if (line === 'READY') {
        ready();
        continue;
      }
      const report = read(line);
      if (report) reports.add(report);
    }
  };
  const watcher = watch(dirname(log), look);
  const stop = async (): Promise<void> => {
    watcher.close();
    await run((_api, key) => {
      (globalThis as unknown as Record<string, vscode.Disposable | undefined>)[key]?.dispose();
    }, log);
    await rm(log);
  };
  try {
    await run(listen, log, folder);
    look();
    await within(startDeadline, `${log}: READY`, started);
  } catch (error) {
    await stop();
    throw error;
  }
  return { reports, stop };
}
