/**
 * The one table of everything that Holdfast contributes: from it come the types, `package.json`'s `contributes` and
 * `capabilities`, `package.nls.json` and the README's tables. `npm run generate` writes them, a test fails on drift.
 */

/** Where a setting may be set, as VS Code names it. */
export type Scope = 'resource' | 'window' | 'machine';

export interface BooleanSetting {
  readonly type: 'boolean';
  readonly default: boolean;
  readonly scope: Scope;
  /** Whether a workspace that is not trusted may set it. */
  readonly untrusted: 'obeyed' | 'ignored';
  readonly description: string;
}

export const settings = {
  'holdfast.enabled': {
    type: 'boolean',
    default: true,
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'Keep running programs safe from saves: before the editor writes a file, a private copy is put in its place. Can be set for each folder. A workspace that is not trusted cannot switch it off.',
  },
} as const satisfies Record<`holdfast.${string}`, BooleanSetting>;

export type SettingName = keyof typeof settings;

export const commands = {
  'holdfast.showLog': { title: 'Show Log' },
} as const satisfies Record<`holdfast.${string}`, { readonly title: string }>;

export type CommandName = keyof typeof commands;

export const capabilities = {
  virtualWorkspaces: 'Holdfast guards files on a disk: a virtual workspace has no inodes and no running programs.',
  untrustedWorkspaces:
    'Saves are guarded as in a trusted workspace. A workspace that is not trusted cannot switch the guard off by its settings.',
} as const;

export const product = {
  displayName: 'Holdfast',
  description:
    'Saves go to a new copy of the file, so that a program that runs from it keeps its version. Where that cannot be, the status bar says so.',
} as const;
