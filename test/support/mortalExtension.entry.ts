/** Before the extension: from here on its threads, as they are in `mortalThread.ts`, end who is told by `holdfastDoom` before one of their steps. */
import { Doom } from './doom';

Object.assign(globalThis, { holdfastDoom: Doom.share() });
