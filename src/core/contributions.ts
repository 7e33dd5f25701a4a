/**
 * The one table of everything that Holdfast contributes: from it come the types, `package.json`'s `contributes` and
 * `capabilities`, `package.nls.json` and the README's tables. `npm run generate` writes them, a test fails on drift.
 */
import type { Action } from './reopen/actions';
import type { Rule } from './reopen/rules';

/** Where a setting may be set, as VS Code names it. */
export type Scope = 'resource' | 'window' | 'machine';

interface SettingBase {
  readonly scope: Scope;
  /** Whether a workspace that is not trusted may set it; `shown`: it may, and nothing is done by it. */
  readonly untrusted: 'obeyed' | 'ignored' | 'shown';
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

/** A whole number. */
export interface NumberSetting extends SettingBase {
  readonly type: 'number';
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** A list of glob patterns. */
export interface GlobsSetting extends SettingBase {
  readonly type: 'globs';
  readonly default: readonly string[];
}

/** A list of programs: exact names, or paths of executables. */
export interface ProgramsSetting extends SettingBase {
  readonly type: 'programs';
  readonly default: readonly string[];
}

/** A list of rules: `core/reopen/rules.ts`. */
export interface RulesSetting extends SettingBase {
  readonly type: 'rules';
  readonly default: readonly [];
  /** Each field of a rule and of its process, each word of its action, and what it means. */
  readonly fields: Readonly<Record<string, string>>;
}

export type Setting = BooleanSetting | ChoiceSetting | NumberSetting | GlobsSetting | ProgramsSetting | RulesSetting;

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
      'Files that are never guarded: glob patterns, matched with the whole path and with the path below the workspace folder. They are saved in place, as without Holdfast, and keep their inode: for a file that a tool follows by its inode (`tail -f`, `node --watch`), so that the tool sees each save. Programs that use such a file see it change; nobody is warned. A list replaces the default list. A workspace that is not trusted cannot set it.',
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
  'holdfast.oldNameSeconds': {
    type: 'number',
    default: 600,
    minimum: 0,
    maximum: 86_400,
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'For how many seconds the old version of a file that was saved on a network file system (NFS, SSHFS, GlusterFS, AFS …) keeps a hidden name beside the file (`.holdfast-…~`), so that programs on other machines can go on reading it; without one, they get the error ESTALE. At most 16 of one file, 200 in all, and of 256 MiB together, the oldest go earlier. 0: none. Applies to the saves to come.',
  },
  'holdfast.watch': {
    type: 'globs',
    default: [],
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'Files for which Holdfast shows who uses them even while they are not open in the editor: glob patterns, matched below the workspace folder; at most 200 files of a folder. What `files.exclude` hides is left out. A workspace that is not trusted cannot set it.',
  },
  'holdfast.reopen.ignore': {
    type: 'programs',
    default: [],
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'Programs of which you are not told after a save that they still have an older version: exact names (`node`), or exact paths of executables (`/usr/bin/node`). The status bar and the list of holders show them all the same. A workspace that is not trusted cannot set it.',
  },
  'holdfast.reopen.rules': {
    type: 'rules',
    default: [],
    fields: {
      files:
        'Which files: a glob pattern or a list of some, matched with the whole path and with the path below the workspace folder.',
      process:
        'Which program. A signal needs `executable` or `pidFile`, a reload needs `unit`; a command is run in any case without it, and with it only while the program runs. Only processes of your own user are meant. Those that one of them has started (workers) do not count; if there are several others, you are asked to which of them a signal is sent.',
      executable:
        'The exact, absolute path of the program’s executable, in the file system as the editor sees it. Beside `pidFile`: the pid must be of such a program.',
      pidFile:
        'A file whose first line is the pid, relative to the workspace folder. It must be a regular file of yours or root’s that no other user and no group but root’s or your own main one may write, and no link; and the process must have been there when the file was written, otherwise it is another one that was given the number.',
      unit: 'A service of systemd, such as `nginx.service`.',
      ofUser: 'The unit is one of your own (`systemctl --user`).',
      action:
        'What is done: a word, or a command as a list of its words, which no shell reads. It is run in the workspace folder, or beside a file that is in none, for 60 seconds at most. A word that is `${file}` is the saved file, `${workspaceFolder}` its workspace folder.',
      reload: 'The unit is reloaded: `systemctl reload`.',
      SIGHUP:
        'The program is sent SIGHUP, if it catches it, and not in order to end as shells (BusyBox among them), PHP, Ruby, Tcl and Java do. By custom, it reads its configuration again.',
      SIGUSR1: 'The same with SIGUSR1; not Node.js, which would open its debugger.',
      SIGUSR2: 'The same with SIGUSR2.',
      ask: 'You are asked at each save, also while an older question is open; it is done for the file that was asked about.',
    },
    scope: 'resource',
    untrusted: 'shown',
    description:
      'What is done whenever a file is saved in this window, so that programs use the new version, whether they have the file open or not: a list of rules. One action of a rule at a time is under way (of a command with `${file}`, one for each file); of what is saved meanwhile, the last counts. Files that are not to be guarded have none. In a workspace that is not trusted no rule is carried out; you are told which would be.',
  },
  'holdfast.violations': {
    type: 'choice',
    default: 'warn',
    choices: {
      off: 'Nothing is looked at, and nobody has to wait.',
      warn: 'You are told who wrote the file, who runs from it and what was changed, and can compare and restore what is running.',
      heal: 'As `warn`; and if the other program had to wait (`holdfast.writersWait`), what it wrote is moved to a new file at the same path as soon as it has closed it, and the program that runs gets back what it had. Whatever the running program reads in between (some milliseconds, on a busy machine some tens) is still what was written. Not for files with several names, of other users, larger than 8 MB, on overlayfs or on file systems without leases, and not for a file that others keep open or write again and again: of those you are told why.',
    },
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'What is done when another program changes a file in place (`cp`, `>`, `nano`) while a program runs from it, of those files for which Holdfast shows who uses them. Files that Holdfast does not guard are not looked at.',
  },
  'holdfast.violationsNever': {
    type: 'globs',
    default: [],
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'Files of which you are not warned when another program changes them in place: glob patterns, matched with the whole path and with the path below the workspace folder. A workspace that is not trusted cannot set it.',
  },
  'holdfast.writersWait': {
    type: 'boolean',
    default: true,
    scope: 'resource',
    untrusted: 'ignored',
    description:
      'Whether a program that opens a file of yours for writing, while another one runs from it, waits until the version that is running is copied: some milliseconds as a rule, 100 at most while the editor runs. Without it, you are told afterwards, and seldom who it was. A program that refuses to wait (`truncate`) is turned away by the system once (EAGAIN). A workspace that is not trusted cannot set it.',
  },
} as const satisfies Record<`holdfast.${string}`, Setting>;

export type SettingName = keyof typeof settings;

/** What a setting is decoded to. */
export type SettingValue<Name extends SettingName> = ValueOf<(typeof settings)[Name]>;

type ValueOf<S extends Setting> = S extends BooleanSetting
  ? boolean
  : S extends ChoiceSetting
    ? keyof S['choices'] & string
    : S extends NumberSetting
      ? number
      : S extends RulesSetting
        ? readonly Rule[]
        : readonly string[];

/** A command; with `item` one of a tree item alone, which the command palette does not list. */
export interface Command {
  readonly title: string;
  readonly icon?: string;
  /** For which tree items it is there: a word of their context value; and where in their menu. */
  readonly item?: { readonly word: ItemWord; readonly groups: readonly string[] };
  /** The view in whose title bar it is. */
  readonly view?: ViewName;
}

/** What a tree item's context value is made of. */
export type ItemWord = 'file' | 'violated' | 'holder' | 'terminal' | 'own' | Action;

export const commands = {
  'holdfast.showLog': { title: 'Show Log' },
  'holdfast.joinNames': { title: 'Join the Names Again' },
  'holdfast.showKept': { title: 'Show Kept Versions' },
  'holdfast.showHolders': { title: 'Show Holders' },
  'holdfast.showPicture': {
    title: 'Show Files in Use as a Picture',
    icon: '$(graph-left)',
    view: 'holdfast.holders',
  },
  'holdfast.explain': { title: 'Explain How This File Is Guarded' },
  'holdfast.revealTerminal': { title: 'Reveal Terminal of Holder' },
  'holdfast.copyProcessId': { title: 'Copy Process ID of Holder' },
  'holdfast.endProcess': { title: 'End Process of Holder' },
  'holdfast.compareRunning': { title: 'Compare with What Is Running' },
  'holdfast.restoreRunning': { title: 'Restore the Running Version' },
  'holdfast.dismissViolation': { title: 'Dismiss the Warning about This File' },
  'holdfast.item.open': {
    title: 'Open',
    icon: '$(go-to-file)',
    item: { word: 'file', groups: ['inline', '1_open'] },
  },
  'holdfast.item.compareRunning': {
    title: 'Compare with What Is Running',
    icon: '$(diff)',
    item: { word: 'violated', groups: ['inline', '1_open'] },
  },
  'holdfast.item.restoreRunning': {
    title: 'Restore the Running Version',
    item: { word: 'violated', groups: ['2_restore'] },
  },
  'holdfast.item.dismissViolation': {
    title: 'Dismiss',
    icon: '$(close)',
    item: { word: 'violated', groups: ['inline', '3_dismiss'] },
  },
  'holdfast.item.revealTerminal': {
    title: 'Show Its Terminal',
    icon: '$(terminal)',
    item: { word: 'terminal', groups: ['inline', '1_open'] },
  },
  'holdfast.reopen': { title: 'Act on a Program with an Older Version' },
  'holdfast.item.compare': {
    title: 'Compare with What It Runs',
    icon: '$(diff)',
    item: { word: 'compare', groups: ['inline', '1_reopen@1'] },
  },
  'holdfast.item.rerun': {
    title: 'Rerun in Its Terminal',
    icon: '$(debug-restart)',
    item: { word: 'rerun', groups: ['inline', '1_reopen@2'] },
  },
  'holdfast.item.restartTask': {
    title: 'Restart Task',
    icon: '$(debug-restart)',
    item: { word: 'restartTask', groups: ['inline', '1_reopen@2'] },
  },
  'holdfast.item.restartDebugging': {
    title: 'Restart Debugging',
    icon: '$(debug-restart)',
    item: { word: 'restartDebugging', groups: ['inline', '1_reopen@2'] },
  },
  'holdfast.item.reloadUnit': { title: 'Reload Its Unit', item: { word: 'reloadUnit', groups: ['1_reopen@3'] } },
  'holdfast.item.sendHangUp': { title: 'Send SIGHUP', item: { word: 'SIGHUP', groups: ['1_reopen@4'] } },
  'holdfast.item.sendUser1': { title: 'Send SIGUSR1', item: { word: 'SIGUSR1', groups: ['1_reopen@5'] } },
  'holdfast.item.sendUser2': { title: 'Send SIGUSR2', item: { word: 'SIGUSR2', groups: ['1_reopen@6'] } },
  'holdfast.item.always': { title: 'Always Do This…', item: { word: 'always', groups: ['1_reopen@7'] } },
  'holdfast.item.ignoreProgram': {
    title: 'Ignore This Program',
    item: { word: 'ignore', groups: ['1_reopen@8'] },
  },
  'holdfast.item.copyProcessId': { title: 'Copy Process ID', item: { word: 'holder', groups: ['2_copy'] } },
  'holdfast.item.endProcess': { title: 'End Process…', item: { word: 'own', groups: ['3_end'] } },
} as const satisfies Record<`holdfast.${string}`, Command>;

export type CommandName = keyof typeof commands;

/** A place of its own in the activity bar. */
export interface Container {
  readonly title: string;
  readonly icon: string;
}

export const containers = {
  holdfast: { title: 'Holdfast', icon: 'media/holders.svg' },
} as const satisfies Record<string, Container>;

/** A view, and where it is. */
export interface View {
  readonly container: keyof typeof containers;
  readonly name: string;
  readonly icon: string;
  /** What it says while it is empty; a line with nothing but a link is a button. */
  readonly empty: readonly string[];
}

export const views = {
  'holdfast.holders': {
    container: 'holdfast',
    name: 'Files in Use',
    icon: 'media/holders.svg',
    empty: [
      'No program is seen to use a file that is open here.',
      'When a program runs, maps or has open such a file, it is listed: which program, since when, and how far it has read.',
      '[Explain How This File Is Guarded](command:holdfast.explain)',
      'The setting [holdfast.watch](command:workbench.action.openSettings?%5B%22holdfast.watch%22%5D) names more files to look at.',
    ],
  },
} as const satisfies Record<`holdfast.${string}`, View>;

export type ViewName = keyof typeof views;

export interface Color {
  readonly description: string;
  /** By kind of theme. */
  readonly defaults: Readonly<Record<'light' | 'dark' | 'highContrast' | 'highContrastLight', string>>;
}

export const colors = {
  'holdfast.heldForeground': {
    description: 'Names of files that a program uses, in the Explorer.',
    defaults: { light: '#0b6e8a', dark: '#6cc5de', highContrast: '#6cc5de', highContrastLight: '#004f66' },
  },
  'holdfast.staleForeground': {
    description: 'Names of files of which a program still uses an older version, in the Explorer.',
    defaults: { light: '#855b00', dark: '#e0b35a', highContrast: '#ffcf70', highContrastLight: '#6b4700' },
  },
  'holdfast.readUpTo': {
    description: 'The line up to which a running program has read, in the editor and its overview ruler.',
    defaults: { light: '#0b6e8a', dark: '#6cc5de', highContrast: '#6cc5de', highContrastLight: '#004f66' },
  },
} as const satisfies Record<`holdfast.${string}`, Color>;

export type ColorName = keyof typeof colors;

export const capabilities = {
  virtualWorkspaces: 'Holdfast guards files on a disk: a virtual workspace has no inodes and no running programs.',
  untrustedWorkspaces:
    'Saves are guarded as in a trusted workspace. A workspace that is not trusted cannot weaken the guard by its settings, and its rules are shown, not carried out.',
} as const;

export const product = {
  displayName: 'Holdfast',
  description:
    'Saves go to a new copy of the file, so that a program that runs from it keeps its version. Where that cannot be, the status bar says so.',
} as const;
