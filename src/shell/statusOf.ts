import { basename } from 'node:path';

import { report } from '../core/level';
import type { StatusInput } from '../core/status';
import type { ActiveFile } from './activeFile';
import type { KnownLevel, Levels } from './levels';
import type { Settings } from './settings';

/** What is said of a file's level; `undefined`: it is not known yet. */
export function statusOf(file: ActiveFile, levels: Levels, settings: Settings): StatusInput | undefined {
  const known = knownLevel(file, levels, settings);
  if (!known) return undefined;
  const switchedOff = known.report.reason === 'switchedOff';
  return {
    name: basename(file.uri.fsPath),
    ...known,
    ...(switchedOff ? { switchedOffBy: settings.switchedOffBy(file.uri) } : {}),
  };
}

function knownLevel({ uri, announced }: ActiveFile, levels: Levels, settings: Settings): KnownLevel | undefined {
  const unguarded = settings.unguarded(uri);
  if (unguarded) return { report: unguarded, when: 'foreseen' };
  if (!announced) return { report: report('unannounced'), when: 'foreseen' };
  return levels.of(uri);
}
