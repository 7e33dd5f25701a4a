/**
 * The one table of everything that Holdfast contributes: from it come the types, `package.json`'s `contributes` and
 * `capabilities`, `package.nls.json` and the README's tables. `npm run generate` writes them, a test fails on drift.
 */

/** Where a setting may be set, as VS Code names it. */
export type Scope = 'resource' | 'window' | 'machine';

interface SettingBase {
  readonly scope: Scope;
  /** Whether a workspace that is not trusted may set it. */
  readonly untrusted: 'obeyed' | 'ignored';
  readonly description: string;
}

export interface BooleanSetting extends SettingBase {
  readonly type: 'boolean';
  readonly default: boolean;
}

/** One of a few words. */
export interface ChoiceSetting extends SettingBase {
  readonly type: 'choice';
  readonly default: string;
  /** Each word, and what it means. */
  readonly choices: Readonly<Record<string, string>>;
}

/** A list of glob patterns. */
export interface GlobsSetting extends SettingBase {
  readonly type: 'globs';
  readonly default: readonly string[];
}

export type Setting = BooleanSetting | ChoiceSetting | GlobsSetting;

export const settings = {
  'holdfast.enabled': {
    type: 'boolean',
    default: true,
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'Keep running programs safe from saves: the new version gets to the file’s place complete, and programs that use the old one keep it. Can be set for each folder. A workspace that is not trusted cannot switch it off.',
  },
  'holdfast.never': {
    type: 'globs',
    default: ['**/.git/**', '**/.hg/**', '**/.svn/**'],
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'Files that are never guarded: glob patterns, matched with the whole path and with the path below the workspace folder. They are saved as without Holdfast. A list replaces the default list. A workspace that is not trusted cannot set it.',
  },
  'holdfast.when': {
    type: 'choice',
    default: 'always',
    choices: {
      always: 'Every save is guarded.',
      whenHeld:
        'A file that no program has open, mapped or running when it is saved is saved as without Holdfast, and keeps its inode. A program that opens it during such a save may find it incomplete. Where the system cannot tell for certain that nobody uses the file, the save is guarded.',
    },
    scope: 'resource',
    untrusted: 'ignored',
    description: 'When saves are guarded.',
  },
  'holdfast.hardLinks': {
    type: 'choice',
    default: 'ask',
    choices: {
      ask: 'You are asked when you first change the document; until you answer, as `newFile`.',
      keepNames: 'The file is changed in place: all names stay one file, and the program sees the change.',
      newFile: 'This name gets a new file; the other names, and the program, keep the old version.',
    },
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'What a save does with a file that has more than one name (hard links) while a program uses it. While none is seen to use it, such a file is changed in place.',
  },
  'holdfast.owner': {
    type: 'choice',
    default: 'ask',
    choices: {
      ask: 'You are asked when you first change the document; until you answer, as `newFile`.',
      keepOwner: 'The file is changed in place: it keeps its owner and group, and the program sees the change.',
      newFile:
        'The file becomes a new one that belongs to you, with the same permissions: its former owner may do with it what its group or everybody may. It keeps its group if you may give it; otherwise it gets yours, whose members may do no more with it than everybody. The program keeps the old version.',
    },
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'What a save does with a file of another owner or group, which you cannot give to a new file, while a program uses it. While none is seen to use it, such a file is changed in place.',
  },
  'holdfast.attributes': {
    type: 'choice',
    default: 'ask',
    choices: {
      ask: 'You are asked when you first change the document; until you answer, as `keepAttributes`.',
      keepAttributes: 'The file is changed in place: it keeps everything, and the program sees the change.',
      newFile: 'The file becomes a new one without them; the program keeps the old version.',
    },
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'What a save does with a file that carries attributes which you cannot give to a new file (a security label, an extended attribute, a file flag, a quota project), while a program uses it. While none is seen to use it, such a file is changed in place.',
  },
  'holdfast.durability': {
    type: 'choice',
    default: 'file',
    choices: {
      none: 'Nothing is waited for; the system writes the new version to the disk when it sees fit. A power cut soon after the save may lose it.',
      file: 'The new version is on the disk before it gets to the path, unless the disk takes longer than the editor may be kept waiting: 450 ms at level gated, 300 ms at level detached. The log says `synced=no` where detached went on without.',
      full: 'As `file`, and the name too: the folder is written to the disk as soon as the new version is at the path. At level gated that ends after the editor has said that the file is saved; the log says `directory=synced`, or `directory=unsynced` if it failed or took longer than 2 s.',
    },
    scope: 'resource',
    untrusted: 'ignored',
    description: 'What must be on the disk before a save is done, in case of a power cut.',
  },
} as const satisfies Record<`holdfast.${string}`, Setting>;

export type SettingName = keyof typeof settings;

/** What a setting is decoded to. */
export type SettingValue<Name extends SettingName> = ValueOf<(typeof settings)[Name]>;

type ValueOf<S extends Setting> = S extends BooleanSetting
  ? boolean
  : S extends ChoiceSetting
    ? keyof S['choices'] & string
    : readonly string[];

export const commands = {
  'holdfast.showLog': { title: 'Show Log' },
  'holdfast.joinNames': { title: 'Join the Names Again' },
  'holdfast.showKept': { title: 'Show Kept Versions' },
} as const satisfies Record<`holdfast.${string}`, { readonly title: string }>;

export type CommandName = keyof typeof commands;

export const capabilities = {
  virtualWorkspaces: 'Holdfast guards files on a disk: a virtual workspace has no inodes and no running programs.',
  untrustedWorkspaces:
    'Saves are guarded as in a trusted workspace. A workspace that is not trusted cannot weaken the guard by its settings.',
} as const;

export const product = {
  displayName: 'Holdfast',
  description:
    'Saves go to a new copy of the file, so that a program that runs from it keeps its version. Where that cannot be, the status bar says so.',
} as const;
