import { fieldsIn } from '../json';

/**
 * The process that a debug adapter says that it has started, out of one of its messages: the event `process` of the Debug Adapter Protocol.
 * `undefined`: it says none, or one on another machine, or one that it has not started.
 */
export function processStarted(message: unknown): number | undefined {
  const { type, event, body } = fieldsIn(message);
  if (type !== 'event' || event !== 'process') return undefined;
  const { systemProcessId: pid, isLocalProcess, startMethod } = fieldsIn(body);
  if (isLocalProcess === false || startMethod === 'attach') return undefined;
  return typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
}
