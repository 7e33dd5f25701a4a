import type { FromPanel, PageTexts, ToPanel } from '../core/shown/panelMessages';
import type { Picture, PictureFile } from '../core/shown/picture';
import { agesOn, axisOf, inUnits, positionOf, type TimeAxis } from '../core/shown/timeAxis';
import { percent } from './bars';
import { Children, make, setLabel, setText, unspoken } from './dom';
import { FileRow, showNote } from './rows';

/** Room for an age at the axis, in CSS pixels. */
const ageRoom = 84;

/** For how long news is there to be read out, in milliseconds: who looks around in the page later is not to find it. */
const newsStays = 10_000;

/** All that the page shows. */
export class View {
  readonly element: HTMLElement;
  readonly #title = make('h1');
  readonly #summary = make('p', 'summary');
  readonly #news = make('p', 'spoken');
  readonly #list = make('button', 'quiet');
  readonly #empty = make('p');
  readonly #watch = make('button', 'quiet');
  readonly #emptyState = make('div', 'empty', this.#empty, this.#watch);
  readonly #axis = make('div', 'track');
  readonly #grid = make('div', 'track');
  readonly #more = make('p', 'note');
  readonly #picture: HTMLElement;
  readonly #legend = make('ul', 'legend');
  readonly #keys = make('p', 'keys');
  readonly #ages: Children<number, Age>;
  readonly #lines: Children<number, Line>;
  readonly #files: Children<PictureFile<string>, FileRow>;
  #told: ToPanel | undefined;
  /** What this machine's clock said when the picture came: the one that goes on while the machine sleeps. */
  #cameAt = 0;
  #newsEnd: ReturnType<typeof setTimeout> | undefined;
  #focused: string | undefined;
  /** The same, and what is no item, while this page is there. */
  #last: HTMLElement | undefined;
  /** The item that had the focus before this page was there is still to get it: it may come later. */
  #awaited: boolean;

  /**
   * @param tell the extension host
   * @param focused the item that had the focus when the page was there last
   */
  constructor(tell: (told: FromPanel) => void, focused: string | undefined) {
    this.#focused = focused;
    this.#awaited = focused !== undefined;
    this.#title.tabIndex = -1;
    this.#news.setAttribute('aria-live', 'polite');
    const files = make('ul', 'files');
    this.#picture = make(
      'div',
      'picture',
      unspoken(make('div', 'row axis', make('div', 'what'), this.#axis)),
      unspoken(make('div', 'row grid', make('div', 'what'), this.#grid)),
      files,
      this.#more,
    );
    const head = make('header', '', make('div', '', this.#title, this.#summary), this.#list);
    const foot = make('footer', '', this.#legend, this.#keys);
    this.element = make('main', '', head, this.#news, this.#emptyState, this.#picture, foot);
    this.element.hidden = true;
    for (const [button, kind] of [
      [this.#list, 'showList'],
      [this.#watch, 'watchMore'],
    ] as const) {
      button.type = 'button';
      button.addEventListener('click', () => {
        tell({ kind });
      });
    }
    const act = (id: string): void => {
      tell({ kind: 'act', id });
    };
    this.#ages = new Children(
      this.#axis,
      () => new Age(),
      (age, value) => {
        age.value = value;
      },
    );
    this.#lines = new Children(
      this.#grid,
      () => new Line(),
      (line, value) => {
        line.value = value;
      },
    );
    this.#files = new Children(
      files,
      () => new FileRow(act),
      (row, file) => {
        row.show(file);
      },
    );
    this.element.addEventListener('focusin', ({ target }) => {
      if (!(target instanceof HTMLElement)) return;
      this.#last = target;
      this.#awaited = false;
      if (target.dataset['id'] !== undefined) this.#focused = target.dataset['id'];
    });
    // VS Code takes the focus for a list of its own, and then gives it back to the page, to nothing in it.
    window.addEventListener('focus', () => {
      this.#focusRemembered();
    });
    document.addEventListener('keydown', (event) => {
      this.#awaited = false;
      this.#press(event);
    });
    document.addEventListener('pointerdown', () => {
      this.#awaited = false;
    });
  }

  /** The item that had the focus last. */
  get focused(): string | undefined {
    return this.#focused;
  }

  show(told: ToPanel): void {
    const had = document.activeElement;
    const index = this.#items().findIndex((item) => item === had);
    this.#told = told;
    this.#cameAt = Date.now();
    this.#showWords(told.texts, told.picture);
    this.#files.show(told.picture.files, ({ id }) => id);
    showNote(this.#more, told.picture.more);
    this.element.hidden = false;
    this.layOut();
    if (told.news !== undefined) this.#readOut(told.news);
    if (this.#awaited) this.#focusRemembered();
    // The browser takes the focus from what is hidden only when it draws next.
    if (
      had instanceof HTMLElement &&
      had !== document.body &&
      (had !== document.activeElement || !had.checkVisibility())
    )
      this.#focusInstead(had, index);
  }

  #readOut(news: string): void {
    setText(this.#news, news);
    clearTimeout(this.#newsEnd);
    this.#newsEnd = setTimeout(() => {
      setText(this.#news, '');
    }, newsStays);
  }

  /** By what time it is. */
  layOut(): void {
    if (!this.#told) return;
    const { picture, language } = this.#told;
    // The two machines' clocks need not agree.
    const now = picture.now + Date.now() - this.#cameAt;
    const axis = axisOf(picture.files.flatMap(momentsOf), now);
    const ages = agesOn(axis, ageRoom / Math.max(this.#axis.clientWidth, ageRoom));
    this.#ages.show([...ages, 0], String);
    this.#lines.show([...ages, 0], String);
    for (const age of this.#ages.all) age.place(axis, language, this.#told.texts.now);
    for (const line of this.#lines.all) line.place(axis);
    for (const file of this.#files.all) file.layOut(axis);
  }

  #showWords(texts: PageTexts, { summary, files }: Picture<string>): void {
    const isEmpty = files.length === 0;
    setText(this.#title, texts.title);
    setText(this.#summary, summary);
    setText(this.#list, texts.list);
    setText(this.#empty, texts.empty);
    setText(this.#watch, texts.watch);
    setText(this.#keys, texts.keys);
    this.#emptyState.hidden = !isEmpty;
    this.#picture.hidden = isEmpty;
    this.#legend.hidden = isEmpty;
    this.#keys.hidden = isEmpty;
    if (this.#legend.childElementCount > 0) return;
    setLabel(this.#legend, texts.legend);
    for (const [classes, text] of [
      ['bar current', texts.current],
      ['bar behind', texts.older],
      ['bar past', texts.past],
      ['line after', texts.behind],
    ] as const) {
      this.#legend.append(make('li', '', unspoken(make('span', `swatch ${classes}`)), text));
    }
  }

  #items(): readonly HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>('.item')].filter((item) => item.checkVisibility());
  }

  /** What had the focus has gone, or another place: its neighbour gets it, not the whole page. */
  #focusInstead(had: HTMLElement, index: number): void {
    const items = this.#items();
    const neighbour = items[Math.min(Math.max(index, 0), items.length - 1)];
    const next = had.checkVisibility() ? had : (neighbour ?? this.#title);
    // While the user is elsewhere in VS Code, the focus is theirs: the arrow keys find the place again.
    if (document.hasFocus()) {
      next.focus();
      return;
    }
    this.#last = next;
    this.#focused = next.dataset['id'];
  }

  /** If the page has the focus and nothing in it has: what had it last. */
  #focusRemembered(): void {
    if (document.hasFocus() && document.activeElement === document.body)
      this.#remembered()?.focus({ preventScroll: true });
  }

  #remembered(): HTMLElement | undefined {
    return this.#last?.checkVisibility() ? this.#last : this.#rememberedItem(this.#items());
  }

  #rememberedItem(items: readonly HTMLElement[]): HTMLElement | undefined {
    return items.find(({ dataset }) => dataset['id'] === this.#focused);
  }

  #press(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const to = this.#whereTo(event.key);
    if (!to) return;
    event.preventDefault();
    to.focus();
  }

  #whereTo(key: string): HTMLElement | undefined {
    const items = this.#items();
    const at = items.findIndex((item) => item === document.activeElement);
    // Not what had the focus last: that may be the title or a button, which has it still.
    const remembered = this.#rememberedItem(items) ?? items[0];
    switch (key) {
      case 'ArrowDown':
        return at < 0 ? remembered : items[at + 1];
      case 'ArrowUp':
        return at < 0 ? remembered : items[at - 1];
      case 'Home':
        return items[0];
      case 'End':
        return items.at(-1);
      case 'ArrowLeft':
        return items[at]?.closest('.file')?.querySelector<HTMLElement>('.item') ?? undefined;
      case 'ArrowRight':
        return items[at]?.closest('.file')?.querySelector<HTMLElement>('.item.program') ?? undefined;
      default:
        return undefined;
    }
  }
}

/** What the axis must reach back to. A file's oldest version may have come years ago: it is cut. */
function momentsOf({ past, versions }: PictureFile<string>): readonly number[] {
  const all = [...past, ...versions];
  const oldest = Math.min(...all.map(({ from }) => from));
  return [
    ...all.flatMap(({ from, until }) => [...(from === oldest ? [] : [from]), ...(until === undefined ? [] : [until])]),
    ...versions.flatMap(({ programs }) => programs.map(({ from }) => from)),
  ];
}

class Age {
  readonly element = make('span', 'age');
  value = 0;

  place(axis: TimeAxis, language: string, now: string): void {
    this.element.style.left = percent(positionOf(axis.now - this.value, axis));
    setText(this.element, this.value === 0 ? now : writtenAge(this.value, language));
  }
}

class Line {
  readonly element = make('span', 'moment');
  value = 0;

  place(axis: TimeAxis): void {
    this.element.style.left = percent(positionOf(axis.now - this.value, axis));
    this.element.classList.toggle('now', this.value === 0);
  }
}

function writtenAge(age: number, language: string): string {
  const { count, unit } = inUnits(age);
  return formatOf(language).format(-count, unit);
}

/** A language that the browser does not know is no reason to show nothing. */
function formatOf(language: string): Intl.RelativeTimeFormat {
  try {
    return new Intl.RelativeTimeFormat(language, { style: 'short', numeric: 'always' });
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return new Intl.RelativeTimeFormat('en', { style: 'short', numeric: 'always' });
  }
}
