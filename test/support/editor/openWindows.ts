import type { EditorWindow } from './window';

type Shared = Partial<Record<'holdfastWindows', Set<EditorWindow>>>;

/** All windows open in this process. Every suite is a bundle of its own: what they share is kept on the global object. */
export function openWindows(): Set<EditorWindow> {
  const shared = globalThis as Shared;
  return (shared.holdfastWindows ??= new Set());
}
