/** Elements, made and kept up to date. Names come from outside: they get in as text, never as markup. */

/** @param classes separated by spaces */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  classes = '',
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (classes !== '') element.className = classes;
  element.append(...children);
  return element;
}

/** For the eyes only: what it shows is in the text beside it. */
export function unspoken<E extends Element>(element: E): E {
  element.setAttribute('aria-hidden', 'true');
  return element;
}

/** Touches nothing that is already so: what is touched may be read out. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setLabel(element: Element, label: string): void {
  if (element.getAttribute('aria-label') !== label) element.setAttribute('aria-label', label);
}

/** What is to be seen at the pointer; the empty text for nothing. */
export function setTitle(element: HTMLElement, title: string): void {
  if (element.title !== title) element.title = title;
}

/** A sign of warning that is not a colour. */
export function warningSign(): SVGSVGElement {
  const namespace = 'http://www.w3.org/2000/svg';
  const sign = document.createElementNS(namespace, 'svg');
  sign.setAttribute('viewBox', '0 0 16 16');
  sign.setAttribute('class', 'sign');
  const path = document.createElementNS(namespace, 'path');
  path.setAttribute('d', 'M8 1.5 15 14H1L8 1.5Zm-.75 4.25v4.5h1.5v-4.5h-1.5Zm0 5.5v1.5h1.5v-1.5h-1.5Z');
  path.setAttribute('fill-rule', 'evenodd');
  sign.append(path);
  return unspoken(sign);
}

/** One child for each item, by its key. Children that stay keep their place as long as their order is the same, and so the focus. */
export class Children<Item, Child extends { readonly element: HTMLElement }> {
  readonly #parent: HTMLElement;
  readonly #make: (item: Item) => Child;
  readonly #update: (child: Child, item: Item) => void;
  #children = new Map<string, Child>();

  constructor(parent: HTMLElement, makeChild: (item: Item) => Child, update: (child: Child, item: Item) => void) {
    this.#parent = parent;
    this.#make = makeChild;
    this.#update = update;
  }

  get all(): readonly Child[] {
    return [...this.#children.values()];
  }

  show(items: readonly Item[], keyOf: (item: Item, index: number) => string): void {
    const next = new Map<string, Child>();
    items.forEach((item, index) => {
      const key = keyOf(item, index);
      const child = this.#children.get(key) ?? this.#make(item);
      this.#update(child, item);
      next.set(key, child);
    });
    for (const [key, { element }] of this.#children) if (!next.has(key)) element.remove();
    let at = this.#parent.firstElementChild;
    for (const { element } of next.values()) {
      if (element === at) at = at.nextElementSibling;
      else this.#parent.insertBefore(element, at);
    }
    this.#children = next;
  }
}
