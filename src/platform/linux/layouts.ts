/**
 * Struct layouts, ioctl numbers and constants of the Linux interface, as include/uapi has them. `test/system/layouts`
 * asks the C compiler about every one of them.
 *
 * They are the same on x86_64 and arm64, little-endian, 64 bits. Not the same are O_DIRECTORY and O_NOFOLLOW (and with
 * the former O_TMPFILE), which are taken from Node, and the numbers of system calls. Elsewhere (powerpc, mips, sparc)
 * ioctl numbers differ, too: `select.ts` lets only these two in.
 */
import { constants } from 'node:fs';

export const O_PATH = 0o10000000;
export const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EACCESS = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_EMPTY_PATH = 0x1000;

export const RENAME_EXCHANGE = 2;

export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;

/** 8-byte `long` in the number, 4-byte `int` in the memory: fs/ioctl.c, `ioctl_getflags`. */
export const FS_IOC_GETFLAGS = 0x80086601;
export const FS_IOC_SETFLAGS = 0x40086602;
export const FS_IOC_FSGETXATTR = 0x801c581f;
export const FS_IOC_FSSETXATTR = 0x401c5820;
export const FICLONE = 0x40049409;

/** Inode flags, include/uapi/linux/fs.h, under the letters of chattr(1). */
export const FS_FLAGS = {
  s: 0x00000001,
  u: 0x00000002,
  c: 0x00000004,
  S: 0x00000008,
  d: 0x00000040,
  A: 0x00000080,
  m: 0x00000400,
  j: 0x00004000,
  t: 0x00008000,
  C: 0x00800000,
  x: 0x02000000,
} as const;

/** Of the same word, and no clone's business; chattr(1), `i`. */
export const FS_IMMUTABLE_FL = 0x00000010;

export const FS_XFLAG_REALTIME = 0x00000001;
export const FS_XFLAG_PROJINHERIT = 0x00000200;
export const FS_XFLAG_EXTSIZE = 0x00000800;
export const FS_XFLAG_COWEXTSIZE = 0x00010000;

/** The value of the extended attribute system.posix_acl_access, include/uapi/linux/posix_acl.h and posix_acl_xattr.h. */
export const POSIX_ACL = {
  version: 2,
  /** Header and entries have this many bytes. */
  header: 4,
  entry: 8,
  tag: 0,
  allows: 2,
  owner: 0x01,
  user: 0x02,
  owningGroup: 0x04,
  group: 0x08,
  mask: 0x10,
  other: 0x20,
} as const;

export const SYS_STATX: Readonly<Record<string, number>> = { x64: 332, arm64: 291 };
export const SYS_RENAMEAT2: Readonly<Record<string, number>> = { x64: 316, arm64: 276 };

/** STATX_BASIC_STATS; attributes come unasked. */
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_TYPE = 0x1;
export const STATX_MODE = 0x2;
export const STATX_INO = 0x100;
/** Linux 5.8. */
export const STATX_MNT_ID = 0x1000;
export const STATX_BTIME = 0x800;
export const STATX_ATTR_ENCRYPTED = 0x800n;
export const STATX_ATTR_IMMUTABLE = 0x10n;
export const STATX_ATTR_APPEND = 0x20n;
export const STATX_ATTR_MOUNT_ROOT = 0x2000n;
export const STATX_ATTR_VERITY = 0x100000n;

export const STATX = {
  size: 256,
  mask: 0,
  attributes: 8,
  nlink: 16,
  uid: 20,
  gid: 24,
  mode: 28,
  ino: 32,
  bytes: 40,
  blocks: 48,
  attributesMask: 56,
  atime: 64,
  btime: 80,
  ctime: 96,
  mtime: 112,
  devMajor: 136,
  devMinor: 140,
  mountId: 144,
} as const;

/** `struct statx_timestamp`. */
export const STATX_TIMESTAMP = { size: 16, seconds: 0, nanoseconds: 8 } as const;

/** `struct timespec`. */
export const TIMESPEC = { size: 16, seconds: 0, nanoseconds: 8 } as const;

/** The clock of the processor time of a process (all its threads), as clock_getcpuclockid(3) makes it: include/linux/posix-timers_types.h. */
export function processClock(pid: number): number {
  const CPUCLOCK_SCHED = 2;
  return (~pid << 3) | CPUCLOCK_SCHED;
}

/** `struct fsxattr`. */
export const FSXATTR = { size: 28, xflags: 0, extsize: 4, projid: 12, cowextsize: 16 } as const;

/** In the nanoseconds of a time that stays; utimensat(2). */
export const UTIME_OMIT = (1 << 30) - 2;

/** A look that asks no server and no daemon; statx(2). */
export const AT_STATX_DONT_SYNC = 0x4000;

export const F_SETSIG = 10;
export const F_SETOWN_EX = 15;
export const F_OFD_SETLK = 37;
export const F_SETLEASE = 1024;
export const F_GETLEASE = 1025;
export const F_RDLCK = 0;
export const F_WRLCK = 1;
export const F_UNLCK = 2;

/** flock(2). */
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;

/** `struct f_owner_ex`. */
/** struct flock, fcntl(2). */
export const FLOCK = { size: 32, type: 0, whence: 2, start: 8, length: 16, pid: 24 } as const;
export const OWNER = { size: 8, type: 0, pid: 4 } as const;
export const F_OWNER_TID = 0;

export const SYS_GETTID: Readonly<Record<string, number>> = { x64: 186, arm64: 178 };
/** Both have the same number everywhere: Linux 5.1 and 5.3. */
export const SYS_PIDFD_SEND_SIGNAL: Readonly<Record<string, number>> = { x64: 424, arm64: 424 };
export const SYS_PIDFD_OPEN: Readonly<Record<string, number>> = { x64: 434, arm64: 434 };
export const SYS_TGKILL: Readonly<Record<string, number>> = { x64: 234, arm64: 131 };

export const SIG_BLOCK = 0;
/** `sigset_t` of glibc and musl; the kernel reads the first eight bytes. Signal N is bit N - 1. */
export const SIGNAL_SET_SIZE = 128;
/** SFD_*, EFD_* and IN_* have the values of O_CLOEXEC and O_NONBLOCK. */
export const CLOEXEC = 0o2000000;
export const NONBLOCK = constants.O_NONBLOCK;

/** `struct pollfd`. */
export const POLLED = { size: 8, descriptor: 0, events: 4, returned: 6 } as const;
export const POLLIN = 1;
export const POLLPRI = 2;

/** `struct inotify_event`, without the name that follows it. */
export const NOTICE = { size: 16, watch: 0, mask: 4, nameLength: 12 } as const;
export const IN_ACCESS = 0x1;
export const IN_MODIFY = 0x2;
export const IN_ATTRIB = 0x4;
export const IN_CLOSE_WRITE = 0x8;
export const IN_CLOSE_NOWRITE = 0x10;
export const IN_OPEN = 0x20;
export const IN_MOVED_TO = 0x80;
export const IN_CREATE = 0x100;
export const IN_MOVE_SELF = 0x800;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_IGNORED = 0x8000;
export const IN_ONLYDIR = 0x1000000;
export const IN_DONT_FOLLOW = 0x2000000;
export const IN_MASK_ADD = 0x20000000;

export const S_IFMT = 0o170000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;

/** Times are nanoseconds since the epoch, negative before 1970. */
export interface Stat {
  /** Encoded as `st_dev`, so that it can be compared with what `fs.stat` says. */
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  /** Of 512 bytes. */
  readonly blocks: bigint;
  readonly links: bigint;
  /** With the bits of the kind. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly atime: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
  /** When the inode was made. `undefined` where the file system does not know. */
  readonly born: bigint | undefined;
  /** Only bits that the kernel and the file system know about. */
  readonly attributes: bigint;
  /** The mount that it was reached through. `undefined` before Linux 5.8. */
  readonly mount: bigint | undefined;
}

const BILLION = 1_000_000_000n;

function readTimestamp(buffer: Buffer, offset: number): bigint {
  const seconds = buffer.readBigInt64LE(offset + STATX_TIMESTAMP.seconds);
  return seconds * BILLION + BigInt(buffer.readUInt32LE(offset + STATX_TIMESTAMP.nanoseconds));
}

/** glibc's makedev(3). */
function deviceNumber(major: bigint, minor: bigint): bigint {
  return ((major & 0xfffff000n) << 32n) | ((major & 0xfffn) << 8n) | ((minor & 0xffffff00n) << 12n) | (minor & 0xffn);
}

/** Decodes `struct statx`. */
export function decodeStatx(buffer: Buffer): Stat {
  return {
    device: deviceNumber(BigInt(buffer.readUInt32LE(STATX.devMajor)), BigInt(buffer.readUInt32LE(STATX.devMinor))),
    inode: buffer.readBigUInt64LE(STATX.ino),
    size: buffer.readBigUInt64LE(STATX.bytes),
    blocks: buffer.readBigUInt64LE(STATX.blocks),
    links: BigInt(buffer.readUInt32LE(STATX.nlink)),
    mode: buffer.readUInt16LE(STATX.mode),
    uid: buffer.readUInt32LE(STATX.uid),
    gid: buffer.readUInt32LE(STATX.gid),
    atime: readTimestamp(buffer, STATX.atime),
    mtime: readTimestamp(buffer, STATX.mtime),
    ctime: readTimestamp(buffer, STATX.ctime),
    born: (buffer.readUInt32LE(STATX.mask) & STATX_BTIME) === 0 ? undefined : readTimestamp(buffer, STATX.btime),
    attributes: buffer.readBigUInt64LE(STATX.attributes) & buffer.readBigUInt64LE(STATX.attributesMask),
    mount: (buffer.readUInt32LE(STATX.mask) & STATX_MNT_ID) === 0 ? undefined : buffer.readBigUInt64LE(STATX.mountId),
  };
}

/**
 * Two `struct timespec` for futimens(3): access and modification, in nanoseconds since the epoch. `undefined` stays as
 * it is.
 */
export function encodeTimes(atime: bigint | undefined, mtime: bigint): Buffer {
  const buffer = Buffer.alloc(2 * TIMESPEC.size);
  for (const [index, time] of [atime, mtime].entries()) {
    if (time === undefined) {
      buffer.writeBigInt64LE(BigInt(UTIME_OMIT), index * TIMESPEC.size + TIMESPEC.nanoseconds);
      continue;
    }
    const nanoseconds = ((time % BILLION) + BILLION) % BILLION;
    buffer.writeBigInt64LE((time - nanoseconds) / BILLION, index * TIMESPEC.size + TIMESPEC.seconds);
    buffer.writeBigInt64LE(nanoseconds, index * TIMESPEC.size + TIMESPEC.nanoseconds);
  }
  return buffer;
}

/** What FS_IOC_FSGETXATTR adds to the flags: quota project and allocation hints. */
export interface Extended {
  readonly xflags: number;
  readonly extsize: number;
  readonly projid: number;
  readonly cowextsize: number;
}

export function decodeExtended(buffer: Buffer): Extended {
  return {
    xflags: buffer.readUInt32LE(FSXATTR.xflags),
    extsize: buffer.readUInt32LE(FSXATTR.extsize),
    projid: buffer.readUInt32LE(FSXATTR.projid),
    cowextsize: buffer.readUInt32LE(FSXATTR.cowextsize),
  };
}

export function encodeExtended(extended: Extended): Buffer {
  const buffer = Buffer.alloc(FSXATTR.size);
  buffer.writeUInt32LE(extended.xflags >>> 0, FSXATTR.xflags);
  buffer.writeUInt32LE(extended.extsize, FSXATTR.extsize);
  buffer.writeUInt32LE(extended.projid, FSXATTR.projid);
  buffer.writeUInt32LE(extended.cowextsize, FSXATTR.cowextsize);
  return buffer;
}

/**
 * File systems whose files the kernel makes up: a clone of one would be a dead copy, or could not be made.
 * `f_type` of statfs(2), from include/uapi/linux/magic.h and the file systems' own sources.
 */
export const SYNTHETIC_FILE_SYSTEMS: ReadonlySet<bigint> = new Set([
  0x9fa0n, // proc
  0x62656572n, // sysfs
  0x64626720n, // debugfs
  0x74726163n, // tracefs
  0x0027e0ebn, // cgroup
  0x63677270n, // cgroup2
  0x73636673n, // securityfs
  0xcafe4a11n, // bpf
  0x62656570n, // configfs
  0x6165676cn, // pstore
  0xde5e81e4n, // efivarfs
  0x1cd1n, // devpts
  0x42494e4dn, // binfmt_misc
  0xf97cff8cn, // selinuxfs
  0x43415d53n, // smackfs
  0x5a3c69f0n, // apparmorfs
  0x19800202n, // mqueue
  0x6e736673n, // nsfs
  0x50495045n, // pipefs
  0x534f434bn, // sockfs
  0x09041934n, // anonymous inodes
  0x50494446n, // pidfs
  0x65735543n, // fusectl
  0x0187n, // autofs
  0x67596969n, // rpc_pipefs
  0x6e667364n, // nfsd
  0x07655821n, // resctrl
  0xabba1974n, // xenfs
  0x958458f6n, // hugetlbfs: has no write(2)
]);

/** As `statfs` calls them; statfs(2). ext2, ext3 and ext4 have one number. */
export const EXT_FILE_SYSTEM = 0xef53n;
export const XFS = 0x58465342n;
export const TMPFS = 0x01021994n;

/**
 * File systems on which a read lease keeps writers out, and whether a granted write lease means that nobody else is on
 * the inode. `f_type` of statfs(2). Others may grant leases and not see who is on the file: FUSE does, and knows
 * nothing of its backing files.
 */
export const LEASE_FILE_SYSTEMS: ReadonlyMap<bigint, { readonly name: string; readonly probe: boolean }> = new Map([
  [EXT_FILE_SYSTEM, { name: 'ext', probe: true }],
  [XFS, { name: 'xfs', probe: true }],
  [0x9123683en, { name: 'btrfs', probe: true }],
  [TMPFS, { name: 'tmpfs', probe: true }],
  [0xf2f52010n, { name: 'f2fs', probe: true }],
  // Overlooks mappings whose descriptor was closed, and whoever holds the file through its layers.
  [0x794c7630n, { name: 'overlayfs', probe: false }],
]);

export const FUSE = 0x65735546n;

/**
 * File systems whose servers may not know which machine has a file open, and whether the number of an inode lasts. `f_type` of statfs(2), from
 * include/uapi/linux/magic.h and the file systems' own sources. NFS is one of them: before version 4 there is no open at all, and
 * which version it is statfs does not say.
 *
 * Not among them are those whose servers keep what a client has open, whatever becomes of its name:
 * - cluster file systems (GFS2, OCFS2, Lustre);
 * - 9p, which WSL mounts Windows' disks by, and virtual machines folders of their host: an open fid is the server's own open file;
 * - SMB (CIFS): the server has an Open for each handle (MS-SMB2, 3.3.1.10). When the connection is lost, the client opens by the path again
 *   (fs/smb/client/file.c, cifs_reopen_file), and a hidden name would not help;
 * - Ceph: an unlinked inode of which any client has capabilities is a stray, and not purged (src/mds/StrayManager.cc).
 */
export const NETWORK_FILE_SYSTEMS: ReadonlyMap<bigint, { readonly name: string; readonly lastingNumbers: boolean }> =
  new Map([
    [0x6969n, { name: 'nfs', lastingNumbers: true }],
    [0x5346414fn, { name: 'openafs', lastingNumbers: true }],
    [0x6b414653n, { name: 'afs', lastingNumbers: true }],
    [0x73757245n, { name: 'coda', lastingNumbers: false }],
  ]);

/**
 * What of FUSE is a network file system, by the types that mountinfo tells. What the daemons and servers of each keep is not known here: where
 * an old name would not be needed, it costs room for its while.
 */
export const NETWORK_FUSE: ReadonlySet<string> = new Set([
  'fuse.sshfs',
  'fuse.glusterfs',
  'fuse.juicefs',
  'fuse.mfs',
  'fuse.rclone',
  'fuse.gvfsd-fuse',
  'fuse.vmhgfs-fuse',
]);
