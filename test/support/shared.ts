/** One of each name in this process: every file of tests is a bundle of its own, with modules of its own. */
const all = globalThis as unknown as Record<symbol, unknown>;

export function shared<T>(name: string, make: () => T): T {
  const key = Symbol.for(`holdfast.tests.${name}`);
  const there = all[key] as T | undefined;
  if (there !== undefined) return there;
  const made = make();
  all[key] = made;
  return made;
}
