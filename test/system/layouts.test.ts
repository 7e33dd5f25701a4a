import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as layouts from '../../src/platform/linux/layouts';
import { skip } from '../support/skip';

const SOURCE_HEAD = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/stat.h>
#ifndef FS_DAX_FL
#define FS_DAX_FL 0x02000000
#endif
`;

/** The constant of include/uapi/linux/magic.h for each name of ours. */
const MAGIC: Readonly<Record<string, string>> = {
  ext: 'EXT4_SUPER_MAGIC',
  xfs: 'XFS_SUPER_MAGIC',
  btrfs: 'BTRFS_SUPER_MAGIC',
  tmpfs: 'TMPFS_MAGIC',
  f2fs: 'F2FS_SUPER_MAGIC',
  overlayfs: 'OVERLAYFS_SUPER_MAGIC',
};

/** C expression → our value. */
const EXPECTED: readonly (readonly [string, number | bigint])[] = [
  ['O_PATH', layouts.O_PATH],
  ['O_TMPFILE', layouts.O_TMPFILE],
  ['O_NOATIME', constants.O_NOATIME],
  ['O_NOFOLLOW', constants.O_NOFOLLOW],
  ['AT_FDCWD', layouts.AT_FDCWD],
  ['AT_SYMLINK_NOFOLLOW', layouts.AT_SYMLINK_NOFOLLOW],
  ['AT_SYMLINK_FOLLOW', layouts.AT_SYMLINK_FOLLOW],
  ['AT_EACCESS', layouts.AT_EACCESS],
  ['AT_EMPTY_PATH', layouts.AT_EMPTY_PATH],
  ['RENAME_EXCHANGE', layouts.RENAME_EXCHANGE],
  ['SEEK_DATA', layouts.SEEK_DATA],
  ['SEEK_HOLE', layouts.SEEK_HOLE],
  ['FS_IOC_GETFLAGS', layouts.FS_IOC_GETFLAGS],
  ['FS_IOC_SETFLAGS', layouts.FS_IOC_SETFLAGS],
  ['FS_IOC_FSGETXATTR', layouts.FS_IOC_FSGETXATTR],
  ['FS_IOC_FSSETXATTR', layouts.FS_IOC_FSSETXATTR],
  ['FICLONE', layouts.FICLONE],
  ['FS_IMMUTABLE_FL', layouts.FS_IMMUTABLE_FL],
  ['FS_SECRM_FL', layouts.FS_FLAGS.s],
  ['FS_UNRM_FL', layouts.FS_FLAGS.u],
  ['FS_COMPR_FL', layouts.FS_FLAGS.c],
  ['FS_SYNC_FL', layouts.FS_FLAGS.S],
  ['FS_NODUMP_FL', layouts.FS_FLAGS.d],
  ['FS_NOATIME_FL', layouts.FS_FLAGS.A],
  ['FS_NOCOMP_FL', layouts.FS_FLAGS.m],
  ['FS_JOURNAL_DATA_FL', layouts.FS_FLAGS.j],
  ['FS_NOTAIL_FL', layouts.FS_FLAGS.t],
  ['FS_NOCOW_FL', layouts.FS_FLAGS.C],
  ['FS_DAX_FL', layouts.FS_FLAGS.x],
  ['FS_XFLAG_REALTIME', layouts.FS_XFLAG_REALTIME],
  ['FS_XFLAG_PROJINHERIT', layouts.FS_XFLAG_PROJINHERIT],
  ['FS_XFLAG_EXTSIZE', layouts.FS_XFLAG_EXTSIZE],
  ['FS_XFLAG_COWEXTSIZE', layouts.FS_XFLAG_COWEXTSIZE],
  ['POSIX_ACL_XATTR_VERSION', layouts.POSIX_ACL.version],
  ['sizeof(struct posix_acl_xattr_header)', layouts.POSIX_ACL.header],
  ['sizeof(struct posix_acl_xattr_entry)', layouts.POSIX_ACL.entry],
  ['offsetof(struct posix_acl_xattr_entry, e_tag)', layouts.POSIX_ACL.tag],
  ['offsetof(struct posix_acl_xattr_entry, e_perm)', layouts.POSIX_ACL.allows],
  ['ACL_USER_OBJ', layouts.POSIX_ACL.owner],
  ['ACL_USER', layouts.POSIX_ACL.user],
  ['ACL_GROUP_OBJ', layouts.POSIX_ACL.owningGroup],
  ['ACL_GROUP', layouts.POSIX_ACL.group],
  ['ACL_MASK', layouts.POSIX_ACL.mask],
  ['ACL_OTHER', layouts.POSIX_ACL.other],
  ['SYS_statx', layouts.SYS_STATX[process.arch] ?? -1],
  ['SYS_renameat2', layouts.SYS_RENAMEAT2[process.arch] ?? -1],
  ['STATX_BASIC_STATS', layouts.STATX_BASIC_STATS],
  ['STATX_TYPE', layouts.STATX_TYPE],
  ['STATX_MODE', layouts.STATX_MODE],
  ['STATX_INO', layouts.STATX_INO],
  ['STATX_MNT_ID', layouts.STATX_MNT_ID],
  ['STATX_BTIME', layouts.STATX_BTIME],
  ['STATX_ATTR_ENCRYPTED', layouts.STATX_ATTR_ENCRYPTED],
  ['STATX_ATTR_IMMUTABLE', layouts.STATX_ATTR_IMMUTABLE],
  ['STATX_ATTR_APPEND', layouts.STATX_ATTR_APPEND],
  ['STATX_ATTR_MOUNT_ROOT', layouts.STATX_ATTR_MOUNT_ROOT],
  ['STATX_ATTR_VERITY', layouts.STATX_ATTR_VERITY],
  ['sizeof(struct statx)', layouts.STATX.size],
  ['offsetof(struct statx, stx_mask)', layouts.STATX.mask],
  ['offsetof(struct statx, stx_mnt_id)', layouts.STATX.mountId],
  ['offsetof(struct statx, stx_attributes)', layouts.STATX.attributes],
  ['offsetof(struct statx, stx_nlink)', layouts.STATX.nlink],
  ['offsetof(struct statx, stx_uid)', layouts.STATX.uid],
  ['offsetof(struct statx, stx_gid)', layouts.STATX.gid],
  ['offsetof(struct statx, stx_mode)', layouts.STATX.mode],
  ['sizeof(((struct statx *)0)->stx_mode)', 2],
  ['offsetof(struct statx, stx_ino)', layouts.STATX.ino],
  ['offsetof(struct statx, stx_size)', layouts.STATX.bytes],
  ['offsetof(struct statx, stx_blocks)', layouts.STATX.blocks],
  ['offsetof(struct statx, stx_attributes_mask)', layouts.STATX.attributesMask],
  ['offsetof(struct statx, stx_atime)', layouts.STATX.atime],
  ['offsetof(struct statx, stx_btime)', layouts.STATX.btime],
  ['offsetof(struct statx, stx_ctime)', layouts.STATX.ctime],
  ['offsetof(struct statx, stx_mtime)', layouts.STATX.mtime],
  ['offsetof(struct statx, stx_dev_major)', layouts.STATX.devMajor],
  ['offsetof(struct statx, stx_dev_minor)', layouts.STATX.devMinor],
  ['sizeof(struct statx_timestamp)', layouts.STATX_TIMESTAMP.size],
  ['offsetof(struct statx_timestamp, tv_sec)', layouts.STATX_TIMESTAMP.seconds],
  ['offsetof(struct statx_timestamp, tv_nsec)', layouts.STATX_TIMESTAMP.nanoseconds],
  ['sizeof(struct timespec)', layouts.TIMESPEC.size],
  ['offsetof(struct timespec, tv_sec)', layouts.TIMESPEC.seconds],
  ['offsetof(struct timespec, tv_nsec)', layouts.TIMESPEC.nanoseconds],
  ['sizeof(struct fsxattr)', layouts.FSXATTR.size],
  ['offsetof(struct fsxattr, fsx_xflags)', layouts.FSXATTR.xflags],
  ['offsetof(struct fsxattr, fsx_extsize)', layouts.FSXATTR.extsize],
  ['offsetof(struct fsxattr, fsx_projid)', layouts.FSXATTR.projid],
  ['offsetof(struct fsxattr, fsx_cowextsize)', layouts.FSXATTR.cowextsize],
  ['({ clockid_t clock; clock_getcpuclockid(1, &clock); clock; })', layouts.processClock(1)],
  ['UTIME_OMIT', layouts.UTIME_OMIT],
  ['AT_STATX_DONT_SYNC', layouts.AT_STATX_DONT_SYNC],
  ['F_SETSIG', layouts.F_SETSIG],
  ['F_SETOWN_EX', layouts.F_SETOWN_EX],
  ['F_OFD_SETLK', layouts.F_OFD_SETLK],
  ['sizeof(struct flock)', layouts.FLOCK.size],
  ['offsetof(struct flock, l_type)', layouts.FLOCK.type],
  ['offsetof(struct flock, l_whence)', layouts.FLOCK.whence],
  ['offsetof(struct flock, l_start)', layouts.FLOCK.start],
  ['offsetof(struct flock, l_len)', layouts.FLOCK.length],
  ['offsetof(struct flock, l_pid)', layouts.FLOCK.pid],
  ['F_SETLEASE', layouts.F_SETLEASE],
  ['F_GETLEASE', layouts.F_GETLEASE],
  ['F_RDLCK', layouts.F_RDLCK],
  ['F_WRLCK', layouts.F_WRLCK],
  ['F_UNLCK', layouts.F_UNLCK],
  ['LOCK_EX', layouts.LOCK_EX],
  ['LOCK_NB', layouts.LOCK_NB],
  ['LOCK_UN', layouts.LOCK_UN],
  ['F_OWNER_TID', layouts.F_OWNER_TID],
  ['sizeof(struct f_owner_ex)', layouts.OWNER.size],
  ['offsetof(struct f_owner_ex, type)', layouts.OWNER.type],
  ['offsetof(struct f_owner_ex, pid)', layouts.OWNER.pid],
  ['SYS_gettid', layouts.SYS_GETTID[process.arch] ?? -1],
  ['SYS_pidfd_open', layouts.SYS_PIDFD_OPEN[process.arch] ?? -1],
  ['SYS_pidfd_send_signal', layouts.SYS_PIDFD_SEND_SIGNAL[process.arch] ?? -1],
  ['SYS_tgkill', layouts.SYS_TGKILL[process.arch] ?? -1],
  ['SIG_BLOCK', layouts.SIG_BLOCK],
  ['sizeof(sigset_t)', layouts.SIGNAL_SET_SIZE],
  ['SFD_CLOEXEC', layouts.CLOEXEC],
  ['SFD_NONBLOCK', layouts.NONBLOCK],
  ['EFD_CLOEXEC', layouts.CLOEXEC],
  ['EFD_NONBLOCK', layouts.NONBLOCK],
  ['IN_CLOEXEC', layouts.CLOEXEC],
  ['IN_NONBLOCK', layouts.NONBLOCK],
  ['sizeof(struct pollfd)', layouts.POLLED.size],
  ['offsetof(struct pollfd, fd)', layouts.POLLED.descriptor],
  ['offsetof(struct pollfd, events)', layouts.POLLED.events],
  ['offsetof(struct pollfd, revents)', layouts.POLLED.returned],
  ['POLLIN', layouts.POLLIN],
  ['POLLPRI', layouts.POLLPRI],
  ['sizeof(struct inotify_event)', layouts.NOTICE.size],
  ['offsetof(struct inotify_event, wd)', layouts.NOTICE.watch],
  ['offsetof(struct inotify_event, mask)', layouts.NOTICE.mask],
  ['offsetof(struct inotify_event, len)', layouts.NOTICE.nameLength],
  ['IN_ACCESS', layouts.IN_ACCESS],
  ['IN_MODIFY', layouts.IN_MODIFY],
  ['IN_ATTRIB', layouts.IN_ATTRIB],
  ['IN_CLOSE_NOWRITE', layouts.IN_CLOSE_NOWRITE],
  ['IN_CREATE', layouts.IN_CREATE],
  ['IN_MOVED_TO', layouts.IN_MOVED_TO],
  ['IN_CLOSE_WRITE', layouts.IN_CLOSE_WRITE],
  ['IN_MOVE_SELF', layouts.IN_MOVE_SELF],
  ['IN_OPEN', layouts.IN_OPEN],
  ['IN_Q_OVERFLOW', layouts.IN_Q_OVERFLOW],
  ['IN_IGNORED', layouts.IN_IGNORED],
  ['IN_ONLYDIR', layouts.IN_ONLYDIR],
  ['IN_DONT_FOLLOW', layouts.IN_DONT_FOLLOW],
  ['IN_MASK_ADD', layouts.IN_MASK_ADD],
  ['S_IFMT', layouts.S_IFMT],
  ['S_IFREG', layouts.S_IFREG],
  ['S_IFDIR', layouts.S_IFDIR],
  ...[...layouts.LEASE_FILE_SYSTEMS].map(([type, { name }]) => [MAGIC[name] ?? name, type] as const),
];

describe('layouts', () => {
  it('are what the C compiler says', function () {
    if (process.platform !== 'linux') {
      skip(this, 'layouts.linux', 'only Linux has these');
    }
    try {
      execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    } catch {
      skip(this, 'layouts.gcc', 'no gcc here');
    }
    this.timeout(30_000);
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-layouts-'));
    try {
      const program = join(directory, 'print');
      const lines = EXPECTED.map(([expression]) => `  printf("%lld\\n", (long long)(${expression}));`);
      const source = `${SOURCE_HEAD}int main(void) {\n${lines.join('\n')}\n  return 0;\n}\n`;
      execFileSync('gcc', ['-x', 'c', '-Wall', '-Werror', '-o', program, '-'], { input: source });
      const values = execFileSync(program).toString().trim().split('\n').map(BigInt);
      assert.deepEqual(
        EXPECTED.map(([expression], index) => [expression, values[index]]),
        EXPECTED.map(([expression, value]) => [expression, BigInt(value)]),
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('leave a time out that is to stay', () => {
    const buffer = layouts.encodeTimes(undefined, 2n);
    assert.deepEqual(
      [8, 16, 24].map((offset) => buffer.readBigInt64LE(offset)),
      [BigInt(layouts.UTIME_OMIT), 0n, 2n],
    );
  });

  it('encode times before 1970', () => {
    const buffer = layouts.encodeTimes(-1n, 1_000_000_001n);
    assert.deepEqual(
      [0, 8, 16, 24].map((offset) => buffer.readBigInt64LE(offset)),
      [-1n, 999_999_999n, 1n, 1n],
    );
  });
});
