import { shared } from '../shared';

import type { EditorWindow } from './window';

/** All windows open in this process. */
export function openWindows(): Set<EditorWindow> {
  return shared('windows', () => new Set<EditorWindow>());
}
