/** What is said of programs that go on with older versions. */
import type { Inspected } from '../holders/inspected';
import type { HolderInUse } from '../holders/inUse';
import { programName, shortened, type Moment } from '../shown/words';
import { message, texts, type Message } from '../text';
import type { Action } from './actions';
import { leading, type News } from './telling';

/**
 * Whom a save has not reached: the first by name, the others by number.
 *
 * @param name the file's base name
 */
export function newsMessage(name: string, { stale }: Pick<News, 'stale'>, at: Moment): Message {
  const [first, ...others] = leading(stale);
  if (!first) return message('');
  const { holder, version } = first;
  const what = message(texts.theVersionOf, at(version.since));
  const told = holder.harm === 'mapped' ? texts.stillUses : texts.stillRuns;
  const sentence = message(told, name, programName(holder), holder.process.pid, at(holder.since), what);
  if (others.length === 0) return sentence;
  const more = others.length === 1 ? message(texts.oneMoreStale) : message(texts.moreStale, others.length);
  return message(texts.inARow, sentence, more);
}

/** A button, or an item of a list. `name`: the file's. */
export function actionLabel(
  action: Action,
  {
    name,
    holder,
    inspected: { unit },
  }: { readonly name: string; readonly holder: HolderInUse; readonly inspected: Inspected },
): Message {
  switch (action) {
    case 'rerun':
      return message(texts.rerun);
    case 'restartTask':
      return message(texts.restartTask);
    case 'restartDebugging':
      return message(texts.restartDebugging);
    case 'reloadUnit':
      return message(texts.reloadUnit, shortened(unit?.name ?? ''));
    case 'SIGHUP':
    case 'SIGUSR1':
    case 'SIGUSR2':
      return message(texts.sendSignal, action);
    case 'always':
      return message(texts.always, shortened(name));
    case 'compare':
      return message(texts.compare);
    case 'ignore':
      return message(texts.ignoreProgram, programName(holder));
  }
}

/** The line that a program gave as its reason: nothing in it may move or hide what stands beside it. */
export function plainReason(text: string): string {
  return shortened(text.trim().split('\n')[0] ?? '', 200);
}
