/** Which service of systemd a process belongs to. */
import type { Unit } from '../holders/inspected';
import type { Parsed } from './proc';

/** A service, and whose manager it is: the system's, or a user's. */
export interface Service {
  readonly name: string;
  /** The number of the user whose manager has it. */
  readonly user?: number;
}

/** Of systemd.unit(5): what names are made of. None that could be taken for an option. */
const SERVICE = /^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]{0,240}\.service$/;

export function isServiceName(name: string): boolean {
  return SERVICE.test(name);
}

/**
 * Reads the service out of `/proc/<pid>/cgroup`; cgroups(7). systemd has a cgroup for each unit, below its slices; a service may have more of
 * its own below. `undefined`: it belongs to none, as what is started from a desktop or a login does.
 */
export function parseService(cgroup: string): Parsed<Service | undefined> {
  // In version 2 there is one hierarchy, in version 1 systemd has one by its name.
  const path = /^\d{1,5}:name=systemd:(\/.*)$/m.exec(cgroup)?.[1] ?? /^0::(\/.*)$/m.exec(cgroup)?.[1];
  if (path === undefined) return { value: undefined, problems: ['no cgroup of systemd'] };
  const names = path.split('/').map(unescaped);
  const manager = names.findIndex((name) => /^user@\d{1,10}\.service$/.test(name));
  const found = names.slice(manager + 1).find((name) => SERVICE.test(name));
  if (found === undefined) return { value: undefined, problems: [] };
  const user = manager < 0 ? undefined : Number(names[manager]?.slice('user@'.length, -'.service'.length));
  return { value: { name: found, ...(user === undefined ? {} : { user }) }, problems: [] };
}

/** systemd puts a `_` before what the kernel could take for a file of its own: systemd's cg_escape. */
function unescaped(name: string): string {
  return name.startsWith('_') ? name.slice(1) : name;
}

export function isSameService(one: Service, other: Service | undefined): boolean {
  return one.name === other?.name && one.user === other.user;
}

/** How `systemctl` is asked for it. `undefined`: it is another user's. */
export function unitFor({ name, user }: Service, uid: number | undefined): Unit | undefined {
  return user === undefined || user === uid ? { name, ofUser: user !== undefined } : undefined;
}
