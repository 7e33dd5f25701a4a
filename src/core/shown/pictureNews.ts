/** What has come, gone or been left behind in the picture, for who does not see it. */
import type { FileInUse, HolderInUse } from '../holders/inUse';
import { message, texts, type Message } from '../text';
import { moreThan } from './picture';
import { pictureLimits } from './pictureLimits';
import { inARow, programName, shortened, staleHolders } from './words';

interface Use {
  readonly path: string;
  readonly holder: HolderInUse;
  readonly behind: boolean;
}

/** By file and process. */
type Uses = ReadonlyMap<string, Use>;

/**
 * What is told of is gathered for a while. Who comes and goes in it is no news, and a program is told of only when it was there for a while: a loop of
 * short ones would be told of without end.
 */
export class PictureNews {
  /** What was told, or was there at the beginning. */
  #known: Uses;
  /** What was there when the gathering began. */
  #first: Uses;

  constructor(files: readonly FileInUse[]) {
    this.#known = usesOf(files);
    this.#first = this.#known;
  }

  /** @returns whether there may be something to tell: then `gathered` is to be asked after `pictureLimits.gathered` */
  begin(files: readonly FileInUse[]): boolean {
    this.#first = usesOf(files);
    return (
      this.#first.size !== this.#known.size ||
      [...this.#first].some(([key, { behind }]) => this.#known.get(key)?.behind !== behind)
    );
  }

  /** The first by name, the others by number. */
  gathered(files: readonly FileInUse[], name: (path: string) => string): Message | undefined {
    const was = this.#known;
    // Who has come meanwhile may be about to go.
    const is = new Map([...usesOf(files)].filter(([key]) => was.has(key) || this.#first.has(key)));
    this.#known = is;
    const news = [
      ...[...is].flatMap(([key, use]) => {
        const earlier = was.get(key);
        if (!earlier) return [sentenceOf(texts.pictureCame, use, name)];
        return use.behind && !earlier.behind ? [sentenceOf(texts.pictureLeftBehind, use, name)] : [];
      }),
      ...[...was].flatMap(([key, use]) => (is.has(key) ? [] : [sentenceOf(texts.usesNoMore, use, name)])),
    ];
    if (news.length === 0) return undefined;
    const told = news.slice(0, pictureLimits.news);
    const { more } = moreThan(news.length, told.length);
    return inARow([...told, ...(more ? [more] : [])]);
  }
}

function usesOf(files: readonly FileInUse[]): Uses {
  const uses = new Map<string, Use>();
  for (const file of files) {
    const stale = new Set(staleHolders(file));
    const all = [...(file.current?.holders ?? []), ...file.older.flatMap(({ holders }) => holders)];
    for (const holder of all) {
      const key = `${String(holder.process.pid)}:${String(holder.process.started)}:${file.path}`;
      const behind = stale.has(holder) || uses.get(key)?.behind === true;
      uses.set(key, { path: file.path, holder, behind });
    }
  }
  return uses;
}

function sentenceOf(text: string, { path, holder }: Use, name: (path: string) => string): Message {
  return message(text, shortened(name(path)), programName(holder), holder.process.pid);
}
