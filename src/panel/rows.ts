/** The rows of the picture: files, their versions, and the programs that have each. */
import type { PictureFile, PictureProgram, PictureVersion } from '../core/shown/picture';
import type { TimeAxis } from '../core/shown/timeAxis';
import { placeBar } from './bars';
import { Children, make, setText, setTitle, unspoken, warningSign } from './dom';

/** What a press on an item does. */
export type Act = (id: string) => void;

/** Something that can be chosen: a button that the arrow keys reach. */
function itemButton(classes: string, act: Act, ...children: readonly (Node | string)[]): HTMLButtonElement {
  const button = make('button', `item ${classes}`, ...children);
  button.type = 'button';
  const chosen = (event: Event): void => {
    event.preventDefault();
    const { id } = button.dataset;
    if (id !== undefined) act(id);
  };
  button.addEventListener('click', chosen);
  button.addEventListener('contextmenu', chosen);
  return button;
}

export class FileRow {
  readonly element: HTMLLIElement;
  readonly #button: HTMLButtonElement;
  readonly #name = make('span', 'name');
  readonly #folder = make('span', 'detail');
  readonly #violation: HTMLButtonElement;
  readonly #violationText = make('span');
  readonly #violationDetail = make('span', 'use');
  readonly #pastLabel = make('p', 'spoken');
  readonly #past: Children<PictureFile<string>['past'][number], PastBar>;
  readonly #versions: Children<PictureVersion<string>, VersionRow>;
  readonly #more = make('p', 'note');

  constructor(act: Act) {
    this.#button = itemButton('title', act, this.#name, ' ', this.#folder);
    this.#violation = itemButton('violation', act, warningSign(), this.#violationText, ' ', this.#violationDetail);
    this.#violation.setAttribute('aria-haspopup', 'dialog');
    const track = unspoken(make('div', 'track'));
    const versions = make('ul', 'versions');
    const head = make('div', 'row head', make('div', 'what', make('h2', '', this.#button), this.#violation), track);
    this.element = make('li', 'file', head, this.#pastLabel, versions, this.#more);
    this.#past = new Children(
      track,
      () => new PastBar(),
      (bar, span) => {
        bar.span = span;
      },
    );
    this.#versions = new Children(
      versions,
      () => new VersionRow(act),
      (row, version) => {
        row.show(version);
      },
    );
  }

  show(file: PictureFile<string>): void {
    this.#button.dataset['id'] = file.id;
    setText(this.#name, file.name);
    setTitle(this.#button, file.fullName ?? '');
    setText(this.#folder, file.folder);
    const { violation } = file;
    this.#violation.hidden = !violation;
    if (violation) {
      this.#violation.dataset['id'] = violation.id;
      setText(this.#violationText, violation.label);
      setText(this.#violationDetail, violation.spoken);
    }
    this.#past.show(file.past, ({ from }) => String(from));
    showNote(this.#pastLabel, file.pastLabel);
    this.#versions.show(file.versions, ({ id }) => id);
    showNote(this.#more, file.more);
  }

  layOut(axis: TimeAxis): void {
    for (const { element, span } of this.#past.all) placeBar(element, span.from, span.until, axis);
    for (const version of this.#versions.all) version.layOut(axis);
  }
}

class PastBar {
  readonly element = make('div', 'bar past');
  span = { from: 0, until: 0 };
}

class VersionRow {
  readonly element: HTMLLIElement;
  readonly #label = make('span', 'name');
  readonly #detail = make('span', 'detail');
  readonly #bar = make('div', 'bar');
  readonly #programs: Children<PictureProgram<string>, ProgramRow>;
  readonly #notes: Children<string, Note>;
  #version: PictureVersion<string> | undefined;

  constructor(act: Act) {
    const programs = make('ul', 'programs');
    const notes = make('div');
    const head = make('h3', 'what', warningSign(), this.#label, ' ', this.#detail);
    const track = unspoken(make('div', 'track', this.#bar));
    this.element = make('li', 'version', make('div', 'row', head, track), programs, notes);
    this.#programs = new Children(
      programs,
      () => new ProgramRow(act),
      (row, program) => {
        row.show(program);
      },
    );
    this.#notes = new Children(
      notes,
      () => new Note(),
      (note, text) => {
        setText(note.element, text);
      },
    );
  }

  show(version: PictureVersion<string>): void {
    this.#version = version;
    this.element.classList.toggle('older', version.is === 'older');
    this.element.classList.toggle('behind', version.behind);
    setText(this.#label, version.label);
    setText(this.#detail, version.detail);
    this.#programs.show(version.programs, ({ id }) => id);
    this.#notes.show(version.notes, (_note, index) => String(index));
  }

  layOut(axis: TimeAxis): void {
    if (!this.#version) return;
    const { from, until = axis.now } = this.#version;
    placeBar(this.#bar, from, until, axis);
    for (const program of this.#programs.all) program.layOut(from, until, axis);
  }
}

class ProgramRow {
  readonly element: HTMLLIElement;
  readonly #button: HTMLButtonElement;
  readonly #name = make('span', 'name');
  readonly #detail = make('span', 'detail');
  readonly #use = make('span', 'use');
  readonly #before = make('span', 'line before');
  readonly #with = make('span', 'line');
  readonly #behind = make('span', 'line after');
  #program: PictureProgram<string> | undefined;

  constructor(act: Act) {
    const words = make('span', 'what', this.#name, ' ', this.#detail, ' ', this.#use);
    const track = unspoken(make('span', 'track', this.#before, this.#with, this.#behind));
    this.#button = itemButton('row program', act, words, track);
    this.#button.setAttribute('aria-haspopup', 'dialog');
    this.element = make('li', '', this.#button);
  }

  show(program: PictureProgram<string>): void {
    this.#program = program;
    this.#button.dataset['id'] = program.id;
    this.#button.classList.toggle('behind', program.behind);
    setTitle(this.#button, program.tooltip);
    setText(this.#name, program.name);
    setText(this.#detail, program.detail);
    setText(this.#use, program.use);
  }

  /**
   * @param came when the version that it has came, milliseconds since the epoch
   * @param replaced and when another one took its place
   */
  layOut(came: number, replaced: number, axis: TimeAxis): void {
    if (!this.#program) return;
    const { from } = this.#program;
    placeBar(this.#before, from, Math.min(came, axis.now), axis);
    placeBar(this.#with, Math.max(from, came), replaced, axis);
    placeBar(this.#behind, Math.max(from, replaced), axis.now, axis);
    // Where it begins there is a dot.
    const first = [this.#before, this.#with, this.#behind].find(({ hidden }) => !hidden);
    for (const line of [this.#before, this.#with, this.#behind]) line.classList.toggle('first', line === first);
  }
}

class Note {
  readonly element = make('p', 'note');
}

export function showNote(note: HTMLElement, text: string | undefined): void {
  note.hidden = text === undefined;
  setText(note, text ?? '');
}
