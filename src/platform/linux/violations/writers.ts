import { readdirSync } from 'node:fs';
import type { Identity } from '../../../core/ports';
import { parseDescriptorFacts } from '../../../core/linux/proc';
import type { Writer } from '../../../core/violations/violation';
import { system } from '../errors';
import type { GateCalls } from '../gate/calls';
import { readProcAtOnce, unlessGone } from '../gate/text';
import type { HolderCalls } from '../holders/calls';
import { programName } from '../holders/look';

/** O_ACCMODE, include/uapi/asm-generic/fcntl.h: 0 is for reading only. */
const ACCESS_MODE = 0o3;
/** Milliseconds for one search. */
const SEARCH = 40;

/** A process by its number, with what its executable is called. */
export function writerOf(calls: HolderCalls, pid: number): Writer {
  const executable = calls.linkAt(`/proc/${pid}/exe`);
  if ('path' in executable) return { pid, program: programName(executable.path) };
  const name = unlessGone(() => readProcAtOnce(`/proc/${pid}/comm`)) ?? '';
  return { pid, program: name.trimEnd() };
}

/** Who has an inode open for writing, as far as we may see, and can in `SEARCH`. */
export function writersOf(calls: HolderCalls, gateCalls: GateCalls, identity: Identity): readonly Writer[] {
  const leadsThere = gateCalls.leadingTo(identity);
  const until = performance.now() + SEARCH;
  const found: Writer[] = [];
  for (const name of unlessGone(() => system('readdir', '/proc', () => readdirSync('/proc'))) ?? []) {
    if (!/^\d{1,10}$/.test(name)) continue;
    if (performance.now() >= until) break;
    const folder = `/proc/${name}/fd`;
    const descriptors = unlessGone(() => system('readdir', folder, () => readdirSync(folder))) ?? [];
    const writes = (fd: string): boolean => leadsThere(`${folder}/${fd}`) && isForWriting(name, fd);
    if (descriptors.some(writes)) found.push(writerOf(calls, Number(name)));
  }
  return found;
}

function isForWriting(pid: string, fd: string): boolean {
  const text = unlessGone(() => readProcAtOnce(`/proc/${pid}/fdinfo/${fd}`)) ?? '';
  return ((parseDescriptorFacts(text).value.flags ?? 0) & ACCESS_MODE) !== 0;
}
