import { readFileSync, readlinkSync } from 'node:fs';
import { parseState } from '../../core/linux/load';
import { parseStartTime } from '../../core/linux/proc';
import type { Owner, OwnerSigns } from '../../core/ownerRecord';
import { system } from './errors';

/** @throws SystemError if `/proc` cannot be read */
export function thisOwner(): Owner {
  const read = (path: string): string => system('read', path, () => readFileSync(path, 'latin1'));
  const namespace = '/proc/self/ns/pid';
  return {
    pid: process.pid,
    startTime: parseStartTime(read('/proc/self/stat')).value,
    boot: read('/proc/sys/kernel/random/boot_id').trim(),
    namespace: system('readlink', namespace, () => readlinkSync(namespace)),
    machine: machineId(),
  };
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'latin1').trim();
  } catch {
    // Not every machine has one.
    return '';
  }
}

/** Whether this process is there, in our pid namespace. One that nobody has waited for yet is gone. */
export function lookFor({ pid, startTime }: Owner): OwnerSigns['process'] {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH') return 'gone';
    // EPERM: it is there, and somebody else's.
  }
  try {
    // A `/proc` of another namespace has another process under this number.
    if (readlinkSync('/proc/self') !== String(process.pid)) return 'unknown';
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    if (parseStartTime(stat).value !== startTime) return 'gone';
    return 'ZX'.includes(parseState(stat) ?? '?') ? 'gone' : 'there';
  } catch {
    return 'unknown';
  }
}
