/** The folders of one run. All lie in one fresh folder, which goes when the run ends. */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { shared } from '../shared';

export interface RunFolders {
  /** Everything below goes with it. Its name is short: sockets lie here, and their paths are limited to 107 bytes. */
  readonly root: string;
  readonly home: string;
  readonly temporary: string;
  readonly runtime: string;
  readonly serverData: string;
  readonly userData: string;
  readonly extensions: string;
  readonly driverSocket: string;
}

/** The folders of runs that nobody has stopped: they go when this process ends. */
const living = shared('folders', () => {
  const roots = new Set<string>();
  process.on('exit', () => roots.forEach((root) => rmSync(root, { recursive: true, force: true })));
  return roots;
});

/** @param dataFolder keeps settings, state and extensions from one run to the next; without it they go with the run */
export async function createRunFolders(dataFolder?: string): Promise<RunFolders> {
  const root = await mkdtemp(join(tmpdir(), 'holdfast-'));
  living.add(root);
  const data = dataFolder ?? join(root, 'data');
  const folders = {
    home: join(root, 'home'),
    temporary: join(root, 'tmp'),
    runtime: join(root, 'run'),
    serverData: join(data, 'server'),
    userData: join(data, 'user'),
    extensions: join(data, 'extensions'),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true, mode: 0o700 });
  return { root, ...folders, driverSocket: join(root, 'driver') };
}

export async function removeRunFolders(folders: RunFolders): Promise<void> {
  // A process that is being ended may still write for a moment.
  await rm(folders.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  living.delete(folders.root);
}

/** The environment of everything in a run: what programs need, and nothing of the user's. */
export function runEnvironment(folders: RunFolders, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: folders.home,
    TMPDIR: folders.temporary,
    XDG_CACHE_HOME: join(folders.home, '.cache'),
    XDG_CONFIG_HOME: join(folders.home, '.config'),
    XDG_DATA_HOME: join(folders.home, '.local', 'share'),
    XDG_STATE_HOME: join(folders.home, '.local', 'state'),
    XDG_RUNTIME_DIR: folders.runtime,
    ...more,
  };
}
