import { readFileSync, statfsSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import type { Gateable } from '../../../core/gate/ports';
import { system } from '../errors';
import { LEASE_FILE_SYSTEMS } from '../layouts';
import { descriptorPath } from '../place';

/**
 * What a file can be given. Quick, and asks no other machine for anything but `statfs`; any descriptor of the file will
 * do.
 *
 * @throws SystemError of statfs(2)
 */
export function gateable(descriptor: number, path: string): Gateable {
  const { type } = system('statfs', path, () => statfsSync(descriptorPath(descriptor), { bigint: true }));
  const fileSystem = LEASE_FILE_SYSTEMS.get(type);
  if (fileSystem === undefined) {
    return { gate: false, why: 'fileSystem', detail: `0x${type.toString(16)}` };
  }
  const off = leasesOff();
  return off === undefined ? { gate: true, probe: fileSystem.probe } : { gate: false, why: 'leasesOff', detail: off };
}

/** Why no lease may be taken at this time; proc_sys_fs(5). A break time of 0 means that nothing ends a break. */
function leasesOff(): string | undefined {
  for (const name of ['leases-enable', 'lease-break-time']) {
    const file = `/proc/sys/fs/${name}`;
    try {
      const value = system('read', file, () => readFileSync(file, 'latin1')).trim();
      if (!/^[1-9]\d*$/.test(value)) {
        return `${name} is ${value}`;
      }
    } catch (thrown) {
      if (thrown instanceof SystemError) {
        return `${name}: ${thrown.errno}`;
      }
      throw thrown;
    }
  }
  return undefined;
}
