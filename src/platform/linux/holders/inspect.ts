import { readlinkSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import type { ProcessKey } from '../../../core/holders/holder';
import type { Inspected } from '../../../core/holders/inspected';
import { lookout } from '../../../core/holders/limits';
import { parseJob, parseProcess } from '../../../core/linux/proc';
import { isSameService, parseService, unitFor } from '../../../core/linux/services';
import { system } from '../errors';
import { readProc, unlessGone } from '../gate/text';
import { caughtSignals } from './processes';

/** What the kernel writes behind the path of an executable whose name is gone. */
const DELETED = ' (deleted)';

/**
 * What is asked of one process, anew each time: handlers come and go.
 *
 * @throws SystemError ESRCH: it has ended, whoever has its pid now; EACCES and the like
 */
export function inspectProcess({ pid, started }: ProcessKey): Inspected {
  const at = `/proc/${String(pid)}`;
  const executable = unlessGone(() => system('readlink', `${at}/exe`, () => readlinkSync(`${at}/exe`)));
  const caught = caughtSignals(unlessGone(() => readProc(`${at}/status`)) ?? '');
  const service = parseService(unlessGone(() => readProc(`${at}/cgroup`)) ?? '').value;
  const own = parseService(unlessGone(() => readProc('/proc/self/cgroup')) ?? '').value;
  const unit = service && !isSameService(service, own) ? unitFor(service, process.getuid?.()) : undefined;
  const starter = starterOf(pid);
  // The last look: what is still the same process now was it all the time.
  const stat = unlessGone(() => readProc(`${at}/stat`));
  const facts = stat === undefined ? undefined : parseProcess(stat).value;
  // One whose first thread has ended has others that go on.
  if (facts?.started !== started || (facts.state === 'Z' && facts.threads <= 1)) {
    throw new SystemError('inspect', at, 'ESRCH');
  }
  return {
    ...(executable === undefined ? {} : { executable: withoutMark(executable) }),
    caught,
    ...(unit ? { unit } : {}),
    ...(starter === undefined ? {} : { starter }),
  };
}

export function withoutMark(path: string): string {
  return path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
}

/** `undefined`: its job has no terminal, or not the one that it has in the foreground. */
function starterOf(pid: number): number | undefined {
  const jobAt = (one: number): ReturnType<typeof parseJob>['value'] => {
    const stat = unlessGone(() => readProc(`/proc/${String(one)}/stat`));
    return stat === undefined ? undefined : parseJob(stat).value;
  };
  const job = jobAt(pid);
  if (!job || job.foreground !== job.group) return undefined;
  let { parent } = job;
  for (let steps = 0; steps < lookout.ancestors && parent > 0; steps++) {
    const next = jobAt(parent);
    if (!next) return undefined;
    if (next.group !== job.group) return parent;
    parent = next.parent;
  }
  return undefined;
}
