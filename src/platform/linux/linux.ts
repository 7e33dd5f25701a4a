import { readFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import type { GateListener, GateSystem } from '../../core/gate/ports';
import type { SystemError } from '../../core/errors';
import type { Platform } from '../../core/ports';
import { parseCapabilities, parseStartTime } from '../../core/linux/proc';
import type { Capabilities } from '../../core/linux/proc';
import { temporaryName } from '../../core/temporaryName';
import { bindGateCalls, type GateCalls } from './gate/calls';
import { closedForWriting } from './gate/closed';
import { flagPlaces, openFlags } from './flags';
import { LockList } from './gate/lockList';
import { openGateSystem } from './gate/system';
import { openNameSystem } from './join/system';
import { loadLibc, openLibrary } from './libc';
import type { Libc } from './libc';
import { thisOwner } from './owner';
import { openOldNames, OwnOldNames } from './oldNames';
import { OwnRecord } from './records';
import { recover } from './recovery';
import { openTarget } from './target';
import { openWorkshop, type Workshop } from './workshop';

/** Who we are and what we may do, found once; neither changes while an extension host runs. */
export interface Host {
  readonly libc: Libc;
  /** The process that reads and writes files for this window. What it has open for a moment is nobody's use of the file. */
  readonly editor: number | undefined;
  readonly uid: number;
  readonly groups: ReadonlySet<number>;
  readonly capabilities: Capabilities;
  /** A name for a temporary file that no other process and no earlier life of this one would choose; see `TemporaryName`. */
  readonly temporaryName: (target: number) => Buffer;
  /** What this process writes down of its temporary names, where it does. */
  readonly record: OwnRecord | undefined;
  /** What it writes down of the inodes that are to keep a name, where it does. */
  readonly oldNames: OwnOldNames | undefined;
  /** Where clones get their bytes and metadata before they have a name, if there is such a place. */
  readonly workshop: Workshop | undefined;
  /** Directories (device:inode) into which a file from the workshop could not be linked. */
  readonly unreachable: Set<string>;
  /** Devices (as bigint) that have answered FICLONE with "not supported". */
  readonly withoutReflinks: Set<bigint>;
  /** Devices (as bigint) that cannot exchange two names. */
  readonly withoutExchange: Set<bigint>;
  /** The calls that leases need, for the thread that opened this; bound when they are first asked for. */
  readonly gateCalls: () => GateCalls;
}

/** The threads of one process make names side by side. */
function temporaryNames(): Host['temporaryName'] {
  const startTime = parseStartTime(readFileSync('/proc/self/stat', 'latin1')).value;
  let counter = threadId * 2 ** 32;
  return (target) => Buffer.from(temporaryName({ pid: process.pid, startTime, target }, counter++));
}

/**
 * @param workshopFolder a folder of our own that nobody watches; made if it is not there
 * @param editor see `Host`
 * @throws Error if koffi cannot be loaded; `SystemError` or Node's error if `/proc` cannot be read
 */
export function openHost(workshopFolder?: string, editor?: number): Host {
  const libc = loadLibc();
  let gateCalls: GateCalls | undefined;
  return {
    libc,
    editor,
    uid: process.geteuid?.() ?? -1,
    groups: new Set([process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])]),
    capabilities: parseCapabilities(readFileSync('/proc/thread-self/status', 'latin1')).value,
    temporaryName: temporaryNames(),
    record: undefined,
    oldNames: undefined,
    workshop: workshopFolder === undefined ? undefined : openWorkshop(libc, workshopFolder),
    unreachable: new Set(),
    withoutReflinks: new Set(),
    withoutExchange: new Set(),
    gateCalls: () => (gateCalls ??= bindGateCalls(openLibrary())),
  };
}

/** What a platform is opened with. */
export interface LinuxParts {
  /** A folder of our own that nobody watches, see `workshop.ts`; made if it is not there. */
  readonly workshopFolder: string;
  /** Where all processes of Holdfast's write down what they may leave, see `records.ts`; made if it is not there. */
  readonly ownersFolder: string;
  /** Where heals are written down, see `violations/healNote.ts`. */
  readonly healsFolder: string;
  /** Where old names are noted, see `oldNames.ts`; made when there is one. */
  readonly oldNamesFolder: string;
  /** The process that reads and writes files for this window. */
  readonly editor: number;
  /** Something was refused that no save depends on. */
  readonly problem: (error: SystemError) => void;
  /** An old name could not be made, or could not be removed. */
  readonly oldNameProblem: (error: SystemError) => void;
  /** A save has left an old name; called in the middle of it. */
  readonly oldNameStays: () => void;
  /** A flag could not be raised. */
  readonly flagProblem: (error: SystemError) => void;
}

/** @throws as `openHost` */
export function openLinux(parts: LinuxParts): Platform {
  const { workshopFolder, ownersFolder, healsFolder, oldNamesFolder, editor } = parts;
  const { problem, flagProblem, oldNameProblem, oldNameStays } = parts;
  const bare = openHost(workshopFolder, editor);
  const host = {
    ...bare,
    record: new OwnRecord(bare.gateCalls, ownersFolder, thisOwner(), problem),
    oldNames: new OwnOldNames(oldNamesFolder, oldNameProblem, oldNameStays),
  };
  const lockList = new LockList();
  return {
    supported: true,
    targets: { open: (path) => openTarget(host, path) },
    names: openNameSystem(host),
    flags: openFlags(host, flagPlaces(host.uid, process.env['XDG_RUNTIME_DIR']), flagProblem),
    oldNames: openOldNames(host, oldNamesFolder, oldNameProblem),
    expectEditor: () => lockList.expect(),
    closedForWriting: (descriptor, path, milliseconds) => closedForWriting(host, descriptor, path, milliseconds),
    recover: (salvage, signal) => recover(host, ownersFolder, salvage, signal, healsFolder, oldNamesFolder),
  };
}

/**
 * The Linux side of the gate, for the thread that calls it; nothing of it is bound before.
 *
 * @throws as `openHost`; SystemError EMFILE, ENFILE
 */
export function openLinuxGate(listener: GateListener): GateSystem {
  return openGateSystem(openHost(), listener);
}
