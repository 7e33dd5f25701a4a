/** Parsers of `/proc` text. Total: whatever the text is, there is a value, and `problems` says what was wrong. */

export interface Parsed<T> {
  readonly value: T;
  readonly problems: readonly string[];
}

/** The effective capabilities that decide what a clone can be given; see capabilities(7). */
export interface Capabilities {
  /** CAP_DAC_OVERRIDE: permissions do not bind us. */
  readonly dacOverride: boolean;
  /** CAP_LINUX_IMMUTABLE: files may be made immutable. */
  readonly linuxImmutable: boolean;
  /** CAP_CHOWN: any owner and group may be given away. */
  readonly chown: boolean;
  /** CAP_FOWNER: the rules for a file's owner, and of sticky directories, do not bind us. */
  readonly fowner: boolean;
  /** CAP_LEASE: leases may be taken on files of others. */
  readonly lease: boolean;
  /** CAP_SETFCAP: files may be given capabilities. */
  readonly setfcap: boolean;
  /** CAP_SYS_ADMIN: `trusted.*` and most of `security.*` may be written; xattr(7). */
  readonly sysAdmin: boolean;
}

const CAP_CHOWN = 0n;
const CAP_DAC_OVERRIDE = 1n;
const CAP_FOWNER = 3n;
const CAP_LINUX_IMMUTABLE = 9n;
const CAP_SYS_ADMIN = 21n;
const CAP_LEASE = 28n;
const CAP_SETFCAP = 31n;

const NONE: Capabilities = {
  dacOverride: false,
  linuxImmutable: false,
  chown: false,
  fowner: false,
  lease: false,
  setfcap: false,
  sysAdmin: false,
};

/**
 * Reads `CapEff` out of `/proc/<pid>/status`; proc_pid_status(5). Without it nothing is assumed to be allowed.
 */
export function parseCapabilities(status: string): Parsed<Capabilities> {
  const digits = /^CapEff:[ \t]*([0-9a-f]{1,32})[ \t]*$/im.exec(status)?.[1];
  if (digits === undefined) {
    return { value: NONE, problems: ['no CapEff line'] };
  }
  const mask = BigInt(`0x${digits}`);
  const has = (capability: bigint): boolean => (mask & (1n << capability)) !== 0n;
  return {
    value: {
      dacOverride: has(CAP_DAC_OVERRIDE),
      linuxImmutable: has(CAP_LINUX_IMMUTABLE),
      chown: has(CAP_CHOWN),
      fowner: has(CAP_FOWNER),
      lease: has(CAP_LEASE),
      setfcap: has(CAP_SETFCAP),
      sysAdmin: has(CAP_SYS_ADMIN),
    },
    problems: [],
  };
}

/**
 * Whether a signal would interrupt this thread; `SigBlk` and `SigCgt` of `/proc/<pid>/task/<tid>/status`, proc_pid_status(5).
 * Without them it is not assumed.
 */
export function wouldInterrupt(status: string, signal: number): boolean {
  const isIn = (name: string): boolean | undefined => {
    const digits = new RegExp(`^${name}:[ \\t]*([0-9a-f]{1,32})[ \\t]*$`, 'im').exec(status)?.[1];
    return digits === undefined ? undefined : (BigInt(`0x${digits}`) & (1n << BigInt(signal - 1))) !== 0n;
  };
  return isIn('SigCgt') === true && isIn('SigBlk') === false;
}

/** The signals that a process catches, the first in bit 0: `SigCgt` of `/proc/<pid>/status`, proc_pid_status(5). None, where that is not told. */
export function parseCaughtSignals(status: string): Parsed<bigint> {
  const digits = /^SigCgt:[ \t]*([0-9a-f]{1,32})[ \t]*$/im.exec(status)?.[1];
  return digits === undefined
    ? { value: 0n, problems: ['no SigCgt line'] }
    : { value: BigInt(`0x${digits}`), problems: [] };
}

/**
 * Reads the user as which a process touches files (the fourth `Uid`) out of `/proc/<pid>/status`; proc_pid_status(5).
 */
export function parseFileUser(status: string): Parsed<number | undefined> {
  const digits = /^Uid:[ \t]*(?:\d+[ \t]+){3}(\d{1,10})[ \t]*$/m.exec(status)?.[1];
  return digits === undefined
    ? { value: undefined, problems: ['no Uid line'] }
    : { value: Number(digits), problems: [] };
}

/**
 * Whether `/proc/<pid>/uid_map` is that of the initial user namespace, in which alone some capabilities count;
 * user_namespaces(7).
 */
export function isInitialUserMap(map: string): boolean {
  return /^[ \t]*0[ \t]+0[ \t]+4294967295[ \t]*\n?$/.test(map);
}

/**
 * Reads the start time (field 22, clock ticks since boot) out of `/proc/<pid>/stat`; proc_pid_stat(5). The command's
 * name may hold spaces, newlines and parentheses, so fields are counted from the last parenthesis. `0` if there is
 * none.
 */
export function parseStartTime(stat: string): Parsed<bigint> {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  const ticks = fields[19];
  if (stat.lastIndexOf(')') < 0 || ticks === undefined || !/^\d{1,20}$/.test(ticks)) {
    return { value: 0n, problems: ['no start time'] };
  }
  return { value: BigInt(ticks), problems: [] };
}

/** What `/proc/<pid>/stat` tells of a process; proc_pid_stat(5). */
export interface ProcessFacts {
  readonly pid: number;
  /** What it calls itself, in Latin-1; any byte but NUL may be in it. */
  readonly name: string;
  /** One letter. `Z`: its first thread has ended. */
  readonly state: string;
  readonly parent: number;
  /** A thread of the kernel: PF_KTHREAD, include/linux/sched.h. */
  readonly kernel: boolean;
  readonly threads: number;
  /** Clock ticks since boot. */
  readonly started: number;
}

const PF_KTHREAD = 0x00200000;
const PF_EXITING = 0x4n;

/** `undefined` if it is not complete: no field is guessed. */
export function parseProcess(stat: string): Parsed<ProcessFacts | undefined> {
  // The name may hold all that the other fields are made of, and they hold no parenthesis.
  const begin = stat.indexOf(' (');
  const end = stat.lastIndexOf(') ');
  const pid = begin < 0 ? undefined : wholeNumber(stat.slice(0, begin));
  const fields = end < begin + 2 ? [] : stat.slice(end + 2, end + 1000).split(' ', 20);
  const [state, parent, flags, threads, started] = [0, 1, 6, 17, 19].map((index) => fields[index] ?? '');
  const numbers = [parent, flags, threads, started].map((text) => wholeNumber(text ?? ''));
  const [toParent, bits, count, ticks] = numbers;
  if (
    pid === undefined ||
    state?.length !== 1 ||
    toParent === undefined ||
    bits === undefined ||
    count === undefined ||
    ticks === undefined
  ) {
    return { value: undefined, problems: ['not a complete line'] };
  }
  const name = stat.slice(begin + 2, end);
  const kernel = (BigInt(bits) & BigInt(PF_KTHREAD)) !== 0n;
  return { value: { pid, name, state, parent: toParent, kernel, threads: count, started: ticks }, problems: [] };
}

/**
 * Whether the process's first thread is ending or has ended: PF_EXITING (include/linux/sched.h) among the flags of `/proc/<pid>/stat`,
 * proc_pid_stat(5). Of what is not complete that is assumed.
 */
export function isExiting(stat: string): Parsed<boolean> {
  const end = stat.lastIndexOf(') ');
  const flags = end < 0 ? undefined : wholeNumber(stat.slice(end + 2, end + 1000).split(' ', 7)[6] ?? '');
  return flags === undefined
    ? { value: true, problems: ['not a complete line'] }
    : { value: (BigInt(flags) & PF_EXITING) !== 0n, problems: [] };
}

/** Who a process shares its terminal with; proc_pid_stat(5). */
export interface Job {
  readonly parent: number;
  /** Its process group. */
  readonly group: number;
  /** The process group that its terminal listens to; -1: it has no terminal. */
  readonly foreground: number;
}

/** `undefined` if it is not complete. */
export function parseJob(stat: string): Parsed<Job | undefined> {
  const end = stat.lastIndexOf(') ');
  const [, parent, group, , , foreground] = end < 0 ? [] : stat.slice(end + 2, end + 1000).split(' ', 6);
  const [toParent, ofGroup] = [parent, group].map((text) => wholeNumber(text ?? ''));
  const inFront = foreground === '-1' ? -1 : wholeNumber(foreground ?? '');
  return toParent === undefined || ofGroup === undefined || inFront === undefined
    ? { value: undefined, problems: ['not a complete line'] }
    : { value: { parent: toParent, group: ofGroup, foreground: inFront }, problems: [] };
}

/** Digits and nothing else, no more than are exact. */
function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The effective user of a process: the second number of `Uid` in `/proc/<pid>/status`, proc_pid_status(5). */
export function parseUser(status: string): Parsed<number | undefined> {
  const digits = /^Uid:\t\d{1,10}\t(\d{1,10})\t\d{1,10}\t\d{1,10}$/m.exec(status)?.[1];
  return digits === undefined
    ? { value: undefined, problems: ['no Uid line'] }
    : { value: Number(digits), problems: [] };
}

/** The words of `/proc/<pid>/cmdline`; proc_pid_cmdline(5). Each ends with NUL, unless the process has written over them. */
export function parseCommandLine(cmdline: string): readonly string[] {
  const words = cmdline.split('\0');
  if (words.at(-1) === '') {
    words.pop();
  }
  return words;
}

/** Where nothing is told. */
const FEWEST_FILES = 256;

/** How many files the process may have open, out of `/proc/<pid>/limits`; proc_pid_limits(5). `Infinity`: unlimited. */
export function parseOpenFilesLimit(limits: string): Parsed<number> {
  const soft = /^Max open files +(unlimited|\d{1,20}) /m.exec(limits)?.[1];
  return soft === undefined
    ? { value: FEWEST_FILES, problems: ['no limit of open files'] }
    : { value: soft === 'unlimited' ? Infinity : Number(soft), problems: [] };
}

/** What `/proc/<pid>/fdinfo/<n>` tells of a descriptor; proc_pid_fdinfo(5). `undefined`: not said. */
export interface DescriptorFacts {
  /** Bytes from the beginning. */
  readonly position: number | undefined;
  /** Of open(2). */
  readonly flags: number | undefined;
  readonly mount: number | undefined;
  /** As the kernel counts inside, which is not always what `stat` tells: overlayfs. Linux 5.14. */
  readonly inode: string | undefined;
  /** The lease that was taken through this descriptor. */
  readonly lease: HeldLease | undefined;
}

export interface HeldLease {
  /** `major:minor:inode`: how `/proc/locks` names the file. The device is the superblock's, not that of `stat`. */
  readonly file: string;
  /** Somebody waits, or has waited, for it to go. */
  readonly breaking: boolean;
}

export function parseDescriptorFacts(fdinfo: string): Parsed<DescriptorFacts> {
  const position = /^pos:\t(\d{1,19})$/m.exec(fdinfo)?.[1];
  const flags = /^flags:\t(0[0-7]{0,11})$/m.exec(fdinfo)?.[1];
  const mount = /^mnt_id:\t(\d{1,10})$/m.exec(fdinfo)?.[1];
  const inode = /^ino:\t(\d{1,20})$/m.exec(fdinfo)?.[1];
  const lease = /^lock:\t\d+: LEASE +(ACTIVE|BREAKING) +[A-Z]+ +-?\d+ ([\da-f]+:[\da-f]+:\d+) /m.exec(fdinfo);
  return {
    value: {
      position: position === undefined ? undefined : Number(position),
      flags: flags === undefined ? undefined : Number.parseInt(flags, 8),
      mount: mount === undefined ? undefined : Number(mount),
      inode,
      lease: lease?.[2] === undefined ? undefined : { file: lease[2], breaking: lease[1] === 'BREAKING' },
    },
    problems: flags === undefined ? ['no flags line'] : [],
  };
}

export interface LeaseWaiters {
  /** There is a lease on the file. */
  readonly leased: boolean;
  /** The processes that wait to open it for writing; 0 for one that this `/proc` does not show. */
  readonly writers: readonly number[];
}

/**
 * Finds in `/proc/locks` who waits for the leases of a file; proc_locks(5). The kernel hangs whoever waits under one of
 * the leases on the inode, which need not be ours, and the second under the first (fs/locks.c, __locks_insert_block).
 *
 * @param file as `HeldLease.file`
 */
export function parseLeaseWaiters(locks: string, file: string): Parsed<LeaseWaiters> {
  const problems: string[] = [];
  const writers = new Set<number>();
  let leased = false;
  // The list has the locks of the whole machine; only what stands under a line with this file is taken apart.
  const named = ` ${file} `;
  for (let at = locks.indexOf(named); at !== -1;) {
    const start = locks.lastIndexOf('\n', at) + 1;
    const { line, next } = lineAt(locks, start);
    const here = lockFields(line, problems);
    let end = next;
    if (here && !here.waits && here.kind === 'LEASE' && here.named === file) {
      leased = true;
      end = addWriters(locks, next, writers, problems);
    }
    at = locks.indexOf(named, end);
  }
  return { value: { leased, writers: [...writers] }, problems };
}

/** Adds who waits under the lock whose line ends where these begin. Returns where the next lock begins. */
function addWriters(locks: string, from: number, writers: Set<number>, problems: string[]): number {
  for (let at = from; at < locks.length;) {
    const { line, next } = lineAt(locks, at);
    const fields = line === '' ? undefined : lockFields(line, problems);
    if (!fields?.waits) return at;
    if (fields.kind === 'LEASE' && fields.state === 'BREAKER' && fields.type === 'WRITE') writers.add(fields.pid);
    at = next;
  }
  return locks.length;
}

interface LockFields {
  readonly waits: boolean;
  readonly kind: string | undefined;
  readonly state: string | undefined;
  readonly type: string | undefined;
  readonly pid: number;
  readonly named: string | undefined;
}

function lockFields(line: string, problems: string[]): LockFields | undefined {
  const fields = /^\d+: +(-> )?(\S+) +(\S+) +(\S+) +(-?\d{1,10}) (\S+)/.exec(line);
  if (fields === null) {
    problems.push(`not understood: ${line.slice(0, 100)}`);
    return undefined;
  }
  const [, waits, kind, state, type, pid, named] = fields;
  return { waits: waits !== undefined, kind, state, type, pid: Number(pid), named };
}

function lineAt(text: string, start: number): { readonly line: string; readonly next: number } {
  const end = text.indexOf('\n', start);
  return end === -1 ? { line: text.slice(start), next: text.length } : { line: text.slice(start, end), next: end + 1 };
}

/**
 * The device of a mount's superblock, as `/proc/<pid>/maps` writes it, out of `/proc/<pid>/mountinfo`;
 * proc_pid_mountinfo(5).
 */
export function parseMountDevice(mountinfo: string, mount: number): Parsed<string | undefined> {
  const device = new RegExp(`^${mount} \\d+ (\\d{1,10}):(\\d{1,10}) `, 'm').exec(mountinfo);
  if (device?.[1] === undefined || device[2] === undefined) {
    return { value: undefined, problems: [`no mount ${mount}`] };
  }
  const hexadecimal = (number: string): string => Number(number).toString(16).padStart(2, '0');
  return { value: `${hexadecimal(device[1])}:${hexadecimal(device[2])}`, problems: [] };
}

/**
 * The paths under which a file is mapped, out of `/proc/<pid>/maps`; proc_pid_maps(5). Nothing else of the text is
 * looked at: it may be long.
 *
 * @param device as `parseMountDevice`
 */
export function parseMappings(maps: string, device: string, inode: string): Parsed<readonly string[]> {
  const paths = new Set<string>();
  const file = ` ${device} ${inode} `;
  for (let at = maps.indexOf(file); at >= 0; at = maps.indexOf(file, at + 1)) {
    const begin = maps.lastIndexOf('\n', at) + 1;
    const end = maps.indexOf('\n', at);
    // A path may hold the same text.
    if (/^[\da-f]+-[\da-f]+ \S{4} [\da-f]+$/.test(maps.slice(begin, at))) {
      paths.add(maps.slice(at + file.length, end < 0 ? undefined : end).trimStart());
    }
  }
  return { value: [...paths], problems: [] };
}

/** One line of `/proc/<pid>/maps` that maps a file. */
export interface Mapping {
  /** Where, as the kernel's own names below `/proc/<pid>/map_files` have it. */
  readonly range: string;
  /** `device inode`, as it is written there: what `parseMountDevice` says, and decimal. */
  readonly file: string;
  readonly path: string;
  /** What is stored into one of its mappings is stored into the file. */
  readonly stores: boolean;
}

const MAPPING =
  /^([\da-f]{1,16}-[\da-f]{1,16}) ([-rwxsp]{4}) [\da-f]{8,16} ([\da-f]{2,8}:[\da-f]{2,8} \d{1,20}) +(\S.*)$/s;

/**
 * Files that are mapped, each once, out of `/proc/<pid>/maps`; proc_pid_maps(5).
 *
 * @param wanted whether to tell of this inode number: asked for every line of a file, so quick. It may be one that is only near, beyond
 *   what numbers hold exactly
 */
export function parseMappedFiles(maps: string, wanted: (inode: number) => boolean): readonly Mapping[] {
  const found = new Map<string, Mapping>();
  for (let begin = 0; begin < maps.length;) {
    const newline = maps.indexOf('\n', begin);
    const end = newline < 0 ? maps.length : newline;
    const inode = inodeOfMapping(maps, begin, end);
    if (inode > 0 && wanted(inode)) {
      const [, range, how = '', file, path] = MAPPING.exec(maps.slice(begin, end)) ?? [];
      if (range !== undefined && file !== undefined && path !== undefined) {
        const key = `${file} ${path}`;
        const there = found.get(key);
        const stores = there?.stores === true || (how[1] === 'w' && how[3] === 's');
        // Addresses are padded here, and not there.
        found.set(key, { range: there?.range ?? range.replace(/(^|-)0+(?=.)/g, '$1'), file, path, stores });
      }
    }
    begin = end + 1;
  }
  return [...found.values()];
}

/** The number behind the fourth space; 0 if there is none. */
function inodeOfMapping(maps: string, begin: number, end: number): number {
  let at = begin;
  for (let field = 0; field < 4; field++) {
    at = maps.indexOf(' ', at) + 1;
    if (at === 0 || at >= end) {
      return 0;
    }
  }
  let inode = 0;
  for (; at < end; at++) {
    const digit = maps.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) {
      break;
    }
    inode = inode * 10 + digit;
  }
  return inode;
}

/** One line of `/proc/<pid>/mountinfo`; proc_pid_mountinfo(5). Paths as the kernel has them, in Latin-1. */
export interface Mount {
  readonly id: number;
  /** `major:minor` of its superblock, in decimal. All subvolumes of btrfs have the same. */
  readonly device: string;
  /** What of the file system is mounted: a path in it. On btrfs from its top level, through subvolumes. */
  readonly root: string;
  /** No name leads to that any more. */
  readonly deleted: boolean;
  /** Where, as the process sees it. */
  readonly at: string;
}

const DELETED = '//deleted';

export function parseMounts(mountinfo: string): Parsed<readonly Mount[]> {
  const problems: string[] = [];
  const mounts: Mount[] = [];
  for (const line of mountinfo.split('\n')) {
    const fields = /^(\d{1,10}) \d{1,10} (\d{1,10}:\d{1,10}) (\S+) (\S+) /.exec(line);
    const [, id, device, root, at] = fields ?? [];
    if (id === undefined || device === undefined || root === undefined || at === undefined) {
      if (line !== '') {
        problems.push(`not understood: ${line.slice(0, 100)}`);
      }
      continue;
    }
    // A path has no two slashes in a row.
    const deleted = root.endsWith(DELETED);
    const path = unescaped(deleted ? root.slice(0, -DELETED.length) : root);
    mounts.push({ id: Number(id), device, root: path, deleted, at: unescaped(at) });
  }
  return { value: mounts, problems };
}

/** Spaces, tabs, newlines and backslashes are octal numbers there, `#` in some versions; fs/proc_namespace.c, mangle. */
function unescaped(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_escape, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** The type of what is mounted by this number, with its subtype (`nfs4`, `fuse.sshfs`). `undefined`: there is no such mount. */
export function mountType(mountinfo: string, id: bigint): string | undefined {
  const line = mountinfo.split('\n').find((one) => one.startsWith(`${String(id)} `));
  // Optional fields, as many as there are, end with a dash; proc_pid_mountinfo(5).
  return line === undefined ? undefined : / - (\S+) /.exec(line)?.[1];
}

/** The numbers of the mounts of these types. */
export function mountsOfTypes(mountinfo: string, types: ReadonlySet<string>): ReadonlySet<bigint> {
  return new Set(
    mountinfo.split('\n').flatMap((line) => {
      const [, id, type] = /^(\d{1,10}) .* - (\S+) /.exec(line) ?? [];
      return id !== undefined && type !== undefined && types.has(type) ? [BigInt(id)] : [];
    }),
  );
}

/** A path in a file system, which mounts of it have in common. */
export interface Mounted {
  readonly device: string;
  readonly path: string;
}

/**
 * What a path is in its file system. `undefined` if it is not below where that mount is, or the mount point itself.
 *
 * @param id of the mount that the path leads to
 * @param path without symbolic links, as Latin-1
 */
export function onFileSystem(mounts: readonly Mount[], id: number, path: string): Mounted | undefined {
  const mount = mounts.find((one) => one.id === id);
  if (mount === undefined || mount.deleted) {
    return undefined;
  }
  const { device, root, at } = mount;
  if (at !== '/' && !path.startsWith(`${at}/`)) {
    return undefined;
  }
  const below = at === '/' ? path : path.slice(at.length);
  return below === '/' ? undefined : { device, path: root === '/' ? below : root + below };
}

/** Where a file itself is mounted. */
export function mountsOf(mounts: readonly Mount[], file: Mounted): readonly string[] {
  return mounts
    .filter(({ device, root, deleted }) => !deleted && device === file.device && root === file.path)
    .map(({ at }) => at);
}
