import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `host` is whatever the directory for temporary files is on. */
export const FILE_SYSTEMS = ['host', 'ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay', 'bindfs'] as const;

export type FileSystemName = (typeof FILE_SYSTEMS)[number];

export interface FileSystem {
  readonly name: FileSystemName;
  /** An empty directory that anybody may write to. */
  readonly directory: string;
  /** On overlay: the directory of the lower layer, on another file system. Writing there shows above. */
  readonly lower?: string;
  /** Unmounts it, as whoever pulls the stick out would; fails with EBUSY if anybody has anything on it. */
  unmount(): void;
  /** Mounts it again where it was, after `unmount`. What was on a tmpfs is gone. */
  mountAgain(): void;
  /** Unmounts and removes everything; fails with EBUSY if a descriptor was left open. */
  release(): void;
}

function run(command: string, ...parameters: string[]): void {
  execFileSync(command, parameters, { stdio: 'pipe' });
}

function makeImage(path: string, megabytes: number, ...maker: [string, ...string[]]): void {
  writeFileSync(path, '');
  truncateSync(path, megabytes * (1 << 20));
  const [command, ...parameters] = maker;
  run(command, ...parameters, path);
}

/**
 * Mounts a file system on a temporary image or directory; needs root for all but `host`. A string is the reason why it
 * cannot be had.
 *
 * @param options how much a tmpfs takes in all; how much an overlay's upper layer takes, on a tmpfs then; the quota of the directory on
 *   btrfs, in bytes, of which metadata takes some, too
 */
export function mountFileSystem(
  name: FileSystemName,
  options: { tmpfsSize?: string; overlaySize?: string; btrfsQuota?: number } = {},
): FileSystem | string {
  if (name !== 'host' && process.getuid?.() !== 0) {
    return `mounting ${name} needs root`;
  }
  const base = mkdtempSync(join(tmpdir(), `holdfast-${name}-`));
  chmodSync(base, 0o755);
  const mountPoint = join(base, 'mnt');
  mkdirSync(mountPoint);
  const undo: (() => void)[] = [
    () => {
      rmSync(base, { recursive: true, force: true });
    },
  ];
  const release = (): void => {
    for (const step of undo.splice(0).reverse()) {
      step();
    }
  };
  let mounted = false;
  let again = (): void => undefined;
  const mountBy = (target: string, ...command: [string, ...string[]]): void => {
    const [program, ...parameters] = command;
    again = () => {
      run(program, ...parameters);
      mounted = true;
    };
    again();
    undo.push(() => {
      if (target !== mountPoint || mounted) run('umount', target);
    });
  };
  const mount = (target: string, ...parameters: string[]): void => {
    mountBy(target, 'mount', ...parameters, target);
  };
  const unmount = (): void => {
    run('umount', mountPoint);
    mounted = false;
  };
  const image = join(base, 'image');
  try {
    let lower: string | undefined;
    let above = base;
    switch (name) {
      case 'host':
        break;
      case 'ext4':
        makeImage(image, 256, 'mkfs.ext4', '-q', '-F', '-b', '4096', '-I', '256', '-O', 'project');
        try {
          mount(mountPoint, '-o', 'loop', image);
        } catch {
          // Without CONFIG_QUOTA the kernel mounts a file system with projects read-only at best.
          makeImage(image, 256, 'mkfs.ext4', '-q', '-F', '-b', '4096', '-I', '256');
          mount(mountPoint, '-o', 'loop', image);
        }
        break;
      case 'xfs':
        makeImage(image, 400, 'mkfs.xfs', '-q', '-m', 'reflink=1');
        mount(mountPoint, '-o', 'loop', image);
        break;
      case 'btrfs':
        makeImage(image, 400, 'mkfs.btrfs', '-q');
        // As it mounts itself on a solid-state disk. A loop device calls itself a spinning one, on which fsync(2) waits a tick or two for others
        // if two processes sync (fs/btrfs/tree-log.c, btrfs_sync_log).
        mount(mountPoint, '-o', 'loop,ssd', image);
        break;
      case 'tmpfs':
        mount(mountPoint, '-t', 'tmpfs', '-o', `size=${options.tmpfsSize ?? '256m'}`, 'tmpfs');
        break;
      case 'overlay':
        lower = join(base, 'lower');
        mkdirSync(lower);
        if (options.overlaySize !== undefined) {
          above = join(base, 'above');
          mkdirSync(above);
          mount(above, '-t', 'tmpfs', '-o', `size=${options.overlaySize}`, 'tmpfs');
        }
        for (const part of ['upper', 'work']) mkdirSync(join(above, part));
        mount(lower, '-t', 'tmpfs', '-o', 'size=256m', 'tmpfs');
        mkdirSync(join(lower, 'd'));
        chmodSync(join(lower, 'd'), 0o777);
        mount(
          mountPoint,
          '-t',
          'overlay',
          '-o',
          `lowerdir=${lower},upperdir=${join(above, 'upper')},workdir=${join(above, 'work')}`,
          'overlay',
        );
        break;
      case 'bindfs':
        mkdirSync(join(base, 'backing'));
        mountBy(mountPoint, 'bindfs', join(base, 'backing'), mountPoint);
        break;
    }
    const directory = join(mountPoint, 'd');
    if (name === 'btrfs' && options.btrfsQuota !== undefined) {
      run('btrfs', 'subvolume', 'create', directory);
      run('btrfs', 'quota', 'enable', mountPoint);
      // Until that is through, a limit may be reckoned from what is not so.
      run('btrfs', 'quota', 'rescan', '-w', mountPoint);
      run('btrfs', 'qgroup', 'limit', String(options.btrfsQuota), directory);
    }
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, 0o777);
    const parts = { name, directory, unmount, mountAgain: again, release };
    return lower === undefined ? parts : { ...parts, lower: join(lower, 'd') };
  } catch (thrown) {
    release();
    return `${name} cannot be mounted here: ${thrown instanceof Error ? thrown.message.split('\n').join(' ') : 'unknown'}`;
  }
}
