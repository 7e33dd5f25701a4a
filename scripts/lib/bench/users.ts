/** The other programs that are on a file while it is saved. */
import { compiled } from '../../../test/support/compiled';
import { LineProgram } from '../../../test/support/lineProgram';
import type { User } from './bounds';

export interface OtherProgram {
  /** To be called before each save: a program that keeps a file has the old one after a save. */
  takeUp(): Promise<void>;
  end(): Promise<unknown>;
}

/** - `holder`: has the file open and mapped. `reader`: opens, reads and closes it as fast as it can. */
export async function startUser(user: User, path: string): Promise<OtherProgram> {
  switch (user) {
    case 'nobody':
      return { takeUp: () => Promise.resolve(), end: () => Promise.resolve() };
    case 'holder':
      return holder(path);
    case 'reader': {
      const reader = await LineProgram.start(await compiled('reader-loop'), path);
      return { takeUp: () => Promise.resolve(), end: () => reader.end() };
    }
  }
}

async function holder(path: string): Promise<OtherProgram> {
  const program = await LineProgram.start(await compiled('opener'));
  const tell = async (what: string, answer: string): Promise<void> => {
    const said = await program.ask(what);
    if (said !== answer) throw new Error(`${what}: ${said}`);
  };
  return {
    takeUp: async () => {
      await tell('close', 'CLOSED');
      await tell(`open r ${path}`, 'OPEN');
      await tell('map', 'MAPPED');
    },
    end: () => program.end(),
  };
}
