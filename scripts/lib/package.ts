/** Packages the extension for a target, and reads a package's list of files. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type PackageTarget = 'linux-x64' | 'win32-x64' | 'universal';
export const packageTargets: readonly PackageTarget[] = ['linux-x64', 'win32-x64', 'universal'];

const everywhere = [
  '[Content_Types].xml',
  'extension.vsixmanifest',
  'extension/LICENSE.txt',
  'extension/THIRD_PARTY_NOTICES.md',
  'extension/api/holdfast.d.ts',
  'extension/changelog.md',
  'extension/dist/bundle/extension.js',
  'extension/dist/bundle/keeper.js',
  'extension/dist/bundle/lookout.js',
  'extension/dist/bundle/panel.css',
  'extension/dist/bundle/panel.js',
  'extension/dist/bundle/sentry.js',
  'extension/dist/bundle/stager.js',
  'extension/l10n/bundle.l10n.json',
  'extension/media/holders.svg',
  'extension/media/icon.png',
  'extension/media/read-up-to-dark.svg',
  'extension/media/read-up-to-light.svg',
  'extension/package.json',
  'extension/package.nls.json',
  'extension/readme.md',
];

/** Exactly what a package contains. */
export const expectedFiles: Readonly<Record<PackageTarget, readonly string[]>> = {
  'linux-x64': [...everywhere, 'extension/dist/bundle/koffi.node'].sort(),
  'win32-x64': [...everywhere, 'extension/dist/bundle/koffi.node'].sort(),
  universal: [...everywhere].sort(),
};

export interface Package {
  readonly target: PackageTarget;
  /** Relative to the project, if its folder is. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly files: readonly string[];
}

export interface PackageOptions {
  /** Another than the project's. */
  readonly version?: string;
  /** Where it is put. */
  readonly folder?: string;
}

/** Bundles for the target and packages. The bundle of `dist/bundle` is the target's afterwards. */
export async function makePackage(target: PackageTarget, options: PackageOptions = {}): Promise<Package> {
  const { version = await projectVersion(), folder = 'dist' } = options;
  const path = join(folder, `holdfast-${version}-${target}.vsix`);
  await mkdir(folder, { recursive: true });
  await run(process.execPath, ['esbuild.mjs', 'extension', 'keeper', `--target=${target}`, '--minify']);
  const platform = target === 'universal' ? [] : ['--target', target];
  const vsce = join('node_modules', '@vscode', 'vsce', 'vsce');
  await run(process.execPath, [
    vsce,
    'package',
    '--no-dependencies',
    '--skip-license',
    '--allow-missing-repository',
    ...platform,
    '--out',
    path,
    '--no-git-tag-version',
    '--no-update-package-json',
    version,
  ]);
  const { size } = await stat(path);
  return { target, path, size, files: await listZip(path) };
}

export async function projectVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  return version;
}

/** The names in a zip file, sorted; APPNOTE.TXT 4.3.12, central directory. */
export async function listZip(path: string): Promise<readonly string[]> {
  const bytes = await readFile(path);
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error(`${path} is not a zip file`);
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  const names: string[] = [];
  for (let index = 0; index < count; index++) {
    if (bytes.readUInt32LE(at) !== 0x02014b50) throw new Error(`${path}: broken central directory`);
    const nameLength = bytes.readUInt16LE(at + 28);
    names.push(bytes.toString('utf8', at + 46, at + 46 + nameLength));
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return names.sort();
}
