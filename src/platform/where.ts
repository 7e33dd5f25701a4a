/** Where the layouts of `linux/layouts.ts` hold. */
const ARCHITECTURES: ReadonlySet<string> = new Set(['x64', 'arm64']);

/** Whether saves, and running files, can be guarded on this system at all. */
export function canGuard(): boolean {
  return process.platform === 'linux' && ARCHITECTURES.has(process.arch);
}
