/** A VS Code server: preparing its folders, starting it, and installing extensions into it. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, cp, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runEnvironment, type RunFolders } from './folders';
import { installOnce } from './installed';
import { projectFolder, type Installation } from './installations';
import { writeLanguagePack } from './locale';
import { StartedProcess } from './processes';
import { quietSettings } from './settings';

const startDeadline = 60_000;
const installDeadline = 120_000;

/** The server would otherwise ask a marketplace on the network about every extension it has. */
const noMarketplace = { EXTENSIONS_GALLERY: '{}' } as const;

export interface ServerOptions {
  readonly installation: Installation;
  readonly folders: RunFolders;
  /** Packages (`.vsix`) that are installed the way a user's are. */
  readonly extensions?: readonly string[];
  /** User settings, over the quiet ones. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The display language, such as `de`. */
  readonly locale?: string;
  /** More environment variables for the server, and so for its extension hosts. */
  readonly environment?: NodeJS.ProcessEnv;
  /**
   * Whether windows load extensions or suites from their source folders. A built server does that only for its smoke
   * test driver, which also switches notifications and dialogs off.
   */
  readonly loadsFromSource?: boolean;
  /** Whether folders are trusted only when the user says so; otherwise all are. */
  readonly workspaceTrust?: boolean;
  /** Put before the server's command line, to run it under another program, such as strace or prlimit. */
  readonly wrapper?: readonly string[];
}

export interface RunningServer {
  readonly process: StartedProcess;
  readonly port: number;
  /** What an address must contain for the server to answer. */
  readonly token: string;
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { folders, installation } = options;
  await writeSettings(folders, { ...(options.workspaceTrust === true ? askedForTrust : {}), ...options.settings });
  if (options.locale !== undefined) await writeLanguagePack(folders, options.locale);
  await cp(
    join(projectFolder(), 'test', 'support', 'driver-extension'),
    join(folders.extensions, 'holdfast-test.driver-0.0.1'),
    { recursive: true },
  );
  // Whoever can open the address has a terminal as this user: not everybody on this machine, who could also read a command line.
  const token = randomBytes(16).toString('hex');
  const tokenFile = join(folders.root, 'token');
  await writeFile(tokenFile, token, { mode: 0o600 });
  const environment = runEnvironment(folders, {
    ...noMarketplace,
    ...options.environment,
    HOLDFAST_DRIVER: folders.driverSocket,
  });
  await installAll(options, environment);
  const [command, ...args] = [
    ...(options.wrapper ?? []),
    installation.node,
    ...serverArguments(options),
    `--connection-token-file=${tokenFile}`,
    ...(options.loadsFromSource === true ? ['--enable-smoke-test-driver'] : []),
    ...(options.workspaceTrust === true ? [] : ['--disable-workspace-trust']),
    '--force-disable-user-env',
    '--telemetry-level=off',
    '--host=127.0.0.1',
    '--port=0',
    ...(options.locale === undefined ? [] : [`--locale=${options.locale}`]),
  ];
  const server = await StartedProcess.start('the VS Code server', command ?? installation.node, args, {
    cwd: folders.home,
    env: environment,
  });
  try {
    const [, port] = await server.untilOutput(/listening on (?:http:\/\/)?(?:127\.0\.0\.1:)?(\d+)/, startDeadline);
    return { process: server, port: Number(port), token };
  } catch (error) {
    await server.stop(5000);
    throw error;
  }
}

/** Folders are opened without a question, and not trusted. */
const askedForTrust = {
  'security.workspace.trust.enabled': true,
  'security.workspace.trust.startupPrompt': 'never',
} as const;

/** Less than the deadline for an extension host that must end with its window. */
const reconnectionGraceSeconds = 5;

function serverArguments({ folders, installation }: ServerOptions): string[] {
  return [
    join(installation.server, 'out', 'server-main.js'),
    '--accept-server-license-terms',
    `--server-data-dir=${folders.serverData}`,
    `--user-data-dir=${folders.userData}`,
    `--extensions-dir=${folders.extensions}`,
    // For a window whose goodbye got lost; else its extension host is kept for three hours. Old servers say that they do not know it.
    `--reconnection-grace-time=${String(reconnectionGraceSeconds)}`,
  ];
}

async function writeSettings(folders: RunFolders, settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const folder = join(folders.userData, 'User');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'settings.json'), JSON.stringify({ ...quietSettings, ...settings }, undefined, 2));
}

async function installAll(options: ServerOptions, env: NodeJS.ProcessEnv): Promise<void> {
  const { extensions = [], folders, installation } = options;
  if (extensions.length === 0) return;
  const all = async (): Promise<void> => {
    for (const extension of extensions) await install(extension, options, env);
  };
  // Of a folder that is kept nothing is known.
  if (await isThere(join(folders.extensions, 'extensions.json'))) return all();
  const made = await Promise.all(extensions.map(async (path) => [path, (await stat(path)).mtimeMs]));
  await installOnce(folders.extensions, JSON.stringify([installation.server, made]), all);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function install(extension: string, options: ServerOptions, env: NodeJS.ProcessEnv): Promise<void> {
  const args = [...serverArguments(options), '--install-extension', extension, '--force'];
  const { stdout, stderr } = await promisify(execFile)(options.installation.node, args, {
    env,
    timeout: installDeadline,
  });
  if (!stdout.includes('successfully installed'))
    throw new Error(`${extension} was not installed:\n${stdout}${stderr}`);
}
