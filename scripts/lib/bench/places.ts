/** The file systems that files are saved on: the one of temporary files, and one with reflinks. */
import { mountFileSystem, type FileSystem } from '../../../test/support/filesystems';
import { fileSystemType } from './machine';

export interface Place {
  readonly fileSystem: string;
  readonly reflinks: boolean;
  readonly directory: string;
}

export interface Places {
  readonly all: readonly Place[];
  /** Why there is none with reflinks. */
  readonly skipped: string | undefined;
  release(): void;
}

const withReflinks = ['btrfs', 'xfs'] as const;

/** Mounts what is not there; to be released when the editor has ended. */
export function findPlaces(temporary: string): Places {
  const here = fileSystemType(temporary);
  const host: Place = { fileSystem: here, reflinks: false, directory: temporary };
  const reasons: string[] = [];
  for (const name of withReflinks) {
    // No reason to mount what we are on; it may have been made without reflinks, so the narrower bound is not asked for.
    if (name === here) continue;
    const mounted: FileSystem | string = mountFileSystem(name);
    if (typeof mounted === 'string') {
      reasons.push(mounted);
      continue;
    }
    const place: Place = { fileSystem: name, reflinks: true, directory: mounted.directory };
    return {
      all: [host, place],
      skipped: undefined,
      release: () => {
        mounted.release();
      },
    };
  }
  return { all: [host], skipped: reasons.join('; '), release: () => undefined };
}
