import { readdirSync, readlinkSync, statSync } from 'node:fs';
import type { Loss, Staged, Target } from '../../src/core/ports';
import type { Host } from '../../src/platform/linux/linux';
import { openTarget } from '../../src/platform/linux/target';

/** The descriptors of this process that lead to files below `/`, without those of the system's own file systems. */
export function openDescriptors(): string[] {
  const found: string[] = [];
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith('/') && !target.startsWith('/proc/')) {
        found.push(`${fd} ${target}`);
      }
    } catch {
      // The descriptor of this very listing.
    }
  }
  return found.sort();
}

/** Runs `action` as an ordinary user of this kernel: nobody, and the groups given. Needs root. */
export async function asNobody<T>(action: () => T | Promise<T>, groups: readonly number[] = [65534]): Promise<T> {
  const before = process.getgroups?.() ?? [];
  process.setgroups?.([...groups]);
  process.setegid?.(65534);
  process.seteuid?.(65534);
  try {
    return await action();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
    process.setgroups?.(before);
  }
}

export function mustOpen(host: Host, path: string): Target {
  const target = openTarget(host, path);
  if (target === undefined) {
    throw new Error(`${path} is not there`);
  }
  return target;
}

/** Opens, stages, publishes and closes. */
export async function replaceByClone(
  host: Host,
  path: string,
): Promise<{ published: string; losses: readonly Loss[] }> {
  const target = mustOpen(host, path);
  let staged: Staged | undefined;
  try {
    staged = await target.stage(new AbortController().signal);
    return { published: staged.publish(), losses: staged.losses };
  } finally {
    staged?.close();
    target.close();
  }
}

/** Everything `stat` can tell that a clone must keep. */
export function visible(path: string): Record<string, unknown> {
  const { mode, uid, gid, size, atimeNs, mtimeNs } = statSync(path, { bigint: true });
  return { mode, uid, gid, size, atimeNs, mtimeNs };
}
