import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync, readSync, realpathSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import { isStartedBy, parsePidFile, wasThere, type Candidate, type Named } from '../../../core/holders/named';
import { parseUser } from '../../../core/linux/proc';
import { system } from '../errors';
import { readProc, unlessGone } from '../gate/text';
import { withoutMark } from './inspect';
import { programName, readProcess } from './look';
import { caughtSignals } from './processes';

/** What `/proc` counts in, to all programs: USER_HZ, include/asm-generic/param.h. */
const TICKS_PER_SECOND = 100;

/** Bytes of a pid file that are read: its first line. */
const PID_FILE_HEAD = 64;

interface Seen extends Candidate {
  readonly executable: string | undefined;
  readonly parent: number;
  readonly ours: boolean;
}

/**
 * The processes of our own user that are named so, but those that another one of them has started. By an executable only such as see the file
 * system as we do: in a container the same path is another program.
 *
 * @param booted when this boot began, milliseconds since the epoch
 * @throws SystemError of a pid file: EPERM: somebody else may have written it, or the process is another user's; ELOOP: it is a link; EINVAL: it is
 *   no regular file; EBADMSG: there is no pid in it, or that of the first process and no executable is named; ESTALE: the pid is another program's by now; what the system refuses
 */
export function findNamed({ executable, pidFile }: Named, booted: number): readonly Candidate[] {
  const executables = executable === undefined ? undefined : namesOf(executable);
  const found = pidFile === undefined ? everyRunning(executables, booted) : fromPidFile(pidFile, executables, booted);
  return found.map(({ process, program, since, caught }) => ({ process, program, since, caught }));
}

/** A path and where it leads: the kernel tells the latter. */
function namesOf(path: string): ReadonlySet<string> {
  return new Set([path, unlessGone(() => system('realpath', path, () => realpathSync(path))) ?? path]);
}

function everyRunning(executables: ReadonlySet<string> | undefined, booted: number): readonly Seen[] {
  if (!executables) return [];
  const world = worldOf('self');
  const found = system('readdir', '/proc', () => readdirSync('/proc'))
    .filter((name) => /^\d{1,10}$/.test(name) && executables.has(executableOf(Number(name)) ?? ''))
    .map((name) => look(Number(name), booted))
    .flatMap((seen) =>
      seen?.ours && executables.has(seen.executable ?? '') && worldOf(seen.process.pid) === world ? [seen] : [],
    );
  const pids = new Set(found.map(({ process }) => process.pid));
  return found.filter(({ parent }) => !isStartedBy(pids, parent, (pid) => readProcess(pid)?.parent));
}

function fromPidFile(path: string, executables: ReadonlySet<string> | undefined, booted: number): readonly Seen[] {
  const file = readPidFile(path);
  if (!file) return [];
  // The first process is sent nothing that is not meant for it by name: in a container it may be the server, elsewhere it is the system's.
  if (file.pid === 1 && !executables) throw new SystemError('read', path, 'EBADMSG');
  const seen = look(file.pid, booted);
  if (!seen) return [];
  if (!seen.ours) throw new SystemError('kill', path, 'EPERM');
  const isWhoWasMeant = wasThere(seen.since, file.written) && (executables?.has(seen.executable ?? '') ?? true);
  if (!isWhoWasMeant) throw new SystemError('kill', path, 'ESTALE');
  return [seen];
}

/** `undefined`: there is none. */
function readPidFile(path: string): { readonly pid: number; readonly written: number } | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number;
  try {
    // A pipe in its place must not keep us waiting.
    fd = system('open', path, () => openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  } catch (thrown) {
    if (SystemError.is(thrown, 'ENOENT', 'ENOTDIR')) return undefined;
    throw thrown;
  }
  try {
    const stat = system('fstat', path, () => fstatSync(fd));
    if (!stat.isFile()) throw new SystemError('read', path, 'EINVAL');
    const isGroupOurs = stat.gid === 0 || stat.gid === process.getegid?.();
    const writers = constants.S_IWOTH | (isGroupOurs ? 0 : constants.S_IWGRP);
    const othersMayWrite = (stat.mode & writers) !== 0;
    if ((stat.uid !== 0 && stat.uid !== process.geteuid?.()) || othersMayWrite) {
      throw new SystemError('read', path, 'EPERM');
    }
    const head = Buffer.alloc(PID_FILE_HEAD);
    const length = system('read', path, () => readSync(fd, head, 0, head.length, 0));
    const pid = parsePidFile(head.toString('latin1', 0, length));
    if (pid === undefined) throw new SystemError('read', path, 'EBADMSG');
    return { pid, written: stat.mtimeMs };
  } finally {
    closeSync(fd);
  }
}

/** `undefined`: there is none of this pid, or it has ended and nobody has asked for it yet. */
function look(pid: number, booted: number): Seen | undefined {
  const at = `/proc/${String(pid)}`;
  const executable = executableOf(pid);
  const status = unlessGone(() => readProc(`${at}/status`));
  // The last look: what is still the same process now was it all the time.
  const facts = readProcess(pid);
  if (status === undefined || !facts || (facts.state === 'Z' && facts.threads <= 1)) return undefined;
  return {
    process: { pid, started: facts.started },
    program: executable === undefined ? facts.name : programName(executable),
    since: booted + Math.round((facts.started * 1000) / TICKS_PER_SECOND),
    caught: caughtSignals(status),
    executable,
    parent: facts.parent,
    ours: parseUser(status).value === process.geteuid?.(),
  };
}

/** `undefined`: it has none that we may know. */
function executableOf(pid: number): string | undefined {
  const path = `/proc/${String(pid)}/exe`;
  const executable = unlessGone(() => system('readlink', path, () => readlinkSync(path)));
  return executable === undefined ? undefined : withoutMark(executable);
}

/** Its mount namespace; mount_namespaces(7). */
function worldOf(pid: number | 'self'): string | undefined {
  const path = `/proc/${String(pid)}/ns/mnt`;
  return unlessGone(() => system('readlink', path, () => readlinkSync(path)));
}
