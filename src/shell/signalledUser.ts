/**
 * Whose processes may be asked to end from here; nobody's where a signal cannot be sent to one very process: a pid may be another one's by then, and only Linux
 * has something else to name a process by.
 */
export function signalledUser(): number | undefined {
  return process.platform === 'linux' ? process.getuid?.() : undefined;
}
