/** The sum of what each of them has; a `true` counts as one. */
export function sumOf<T>(all: readonly T[], of: (one: T) => number | boolean): number {
  return all.reduce((sum, one) => sum + Number(of(one)), 0);
}
