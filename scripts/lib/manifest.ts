/** Everything that is made from the tables in `src/core`: pure, so that a test can compare it with what is on disk. */
import {
  capabilities,
  colors,
  commands,
  containers,
  product,
  settings,
  views,
  type Color,
  type Command,
  type Container,
  type Setting,
  type View,
  type ViewName,
} from '../../src/core/contributions';
import { reopen } from '../../src/core/reopen/limits';
import { actionWords } from '../../src/core/reopen/rules';
import { temporaryNames } from '../../src/core/temporaryName';
import { because, leftAlone, losses, noRoom, notHealed, texts, unstoppable, wouldChange } from '../../src/core/text';

type Json = Record<string, unknown>;

/** The parts of `package.json` that are generated. */
export function manifestParts(): Json {
  return {
    capabilities: {
      virtualWorkspaces: { supported: false, description: '%capability.virtualWorkspaces%' },
      untrustedWorkspaces: {
        supported: 'limited',
        description: '%capability.untrustedWorkspaces%',
        restrictedConfigurations: Object.entries<Setting>(settings)
          .filter(([, setting]) => setting.untrusted === 'ignored')
          .map(([name]) => name),
      },
    },
    contributes: {
      commands: Object.entries<Command>(commands).map(([name, { icon }]) => ({
        command: name,
        title: `%command.${name}%`,
        category: '%displayName%',
        ...(icon === undefined ? {} : { icon }),
      })),
      menus: menus(),
      viewsContainers: {
        activitybar: Object.entries<Container>(containers).map(([id, { icon }]) => ({
          id,
          title: `%container.${id}%`,
          icon,
        })),
      },
      views: viewsByContainer(),
      viewsWelcome: Object.keys(views).map((name) => ({ view: name, contents: `%view.${name}.empty%` })),
      colors: Object.entries<Color>(colors).map(([id, { defaults }]) => ({
        id,
        description: `%color.${id}%`,
        defaults,
      })),
      configuration: {
        title: '%displayName%',
        properties: Object.fromEntries(
          Object.entries<Setting>(settings).map(([name, setting]) => [
            name,
            {
              ...schema(name, setting),
              default: setting.default,
              scope: setting.scope,
              markdownDescription: `%setting.${name}%`,
            },
          ]),
        ),
      },
      configurationDefaults: {
        'files.exclude': { [temporaryNames]: true },
        'files.watcherExclude': { [temporaryNames]: true },
      },
    },
  };
}

function menus(): Json {
  const ofItems = Object.entries<Command>(commands).flatMap(([command, { item }]) => (item ? [{ command, item }] : []));
  const when = (word: string): string =>
    `view == ${'holdfast.holders' satisfies ViewName} && viewItem =~ /\\b${word}\\b/`;
  const ofViews = Object.entries<Command>(commands).flatMap(([command, { view }]) => (view ? [{ command, view }] : []));
  return {
    commandPalette: ofItems.map(({ command }) => ({ command, when: 'false' })),
    'view/title': ofViews.map(({ command, view }) => ({ command, when: `view == ${view}`, group: 'navigation' })),
    'view/item/context': ofItems.flatMap(({ command, item }) =>
      item.groups.map((group) => ({ command, when: when(item.word), group })),
    ),
  };
}

function viewsByContainer(): Json {
  const byContainer: Record<string, Json[]> = {};
  for (const [id, { container, icon }] of Object.entries<View>(views)) {
    (byContainer[container] ??= []).push({ id, name: `%view.${id}%`, icon });
  }
  return byContainer;
}

/** `package.nls.json`. */
export function manifestTexts(): Json {
  return {
    displayName: product.displayName,
    description: product.description,
    ...prefixed('capability', capabilities),
    ...Object.fromEntries(Object.entries(commands).map(([name, { title }]) => [`command.${name}`, title])),
    ...Object.fromEntries(Object.entries<Container>(containers).map(([id, { title }]) => [`container.${id}`, title])),
    ...Object.fromEntries(
      Object.entries<View>(views).flatMap(([id, { name, empty }]): [string, string][] => [
        [`view.${id}`, name],
        [`view.${id}.empty`, empty.join('\n')],
      ]),
    ),
    ...Object.fromEntries(Object.entries<Color>(colors).map(([id, { description }]) => [`color.${id}`, description])),
    ...Object.fromEntries(
      Object.entries<Setting>(settings).flatMap(([name, setting]): [string, string][] => [
        [`setting.${name}`, setting.description],
        ...Object.entries(choicesOf(setting)).map(([word, meaning]): [string, string] => [
          `setting.${name}.${word}`,
          meaning,
        ]),
      ]),
    ),
  };
}

/** `l10n/bundle.l10n.json`: what translators start from. */
export function bundleTexts(): Json {
  const tables = [texts, because, noRoom, notHealed, unstoppable, wouldChange, losses, leftAlone];
  const all = tables.flatMap((table) => Object.values(table));
  return Object.fromEntries(all.map((text) => [text, text]));
}

export function settingsTable(): string {
  return [
    '| setting | default | may be set | what it does |',
    '|---|---|---|---|',
    ...Object.entries<Setting>(settings).map(([name, setting]) => {
      const choices = Object.entries(choicesOf(setting)).map(([word, meaning]) => `<br>\`${word}\`: ${meaning}`);
      const fallback =
        typeof setting.default === 'object' ? setting.default.join('`<br>`') || '[]' : String(setting.default);
      return `| \`${name}\` | \`${fallback}\` | ${scopes[setting.scope]} | ${setting.description}${choices.join('')} |`;
    }),
  ].join('\n');
}

/** The part of a setting's JSON schema that depends on its type. */
function schema(name: string, setting: Setting): Json {
  switch (setting.type) {
    case 'boolean':
      return { type: 'boolean' };
    case 'choice': {
      const words = Object.keys(setting.choices);
      return {
        type: 'string',
        enum: words,
        markdownEnumDescriptions: words.map((word) => `%setting.${name}.${word}%`),
      };
    }
    case 'number':
      return { type: 'integer', minimum: setting.minimum, maximum: setting.maximum };
    case 'globs':
    case 'programs':
      return { type: 'array', items: { type: 'string' }, uniqueItems: true };
    case 'rules':
      return { type: 'array', items: ruleSchema(name), maxItems: reopen.rules };
  }
}

function choicesOf(setting: Setting): Readonly<Record<string, string>> {
  if (setting.type === 'rules') return setting.fields;
  return setting.type === 'choice' ? setting.choices : {};
}

/** What `core/reopen/rules.ts` reads, for completion and for what is underlined in settings.json. */
function ruleSchema(name: string): Json {
  const described = (field: string): Json => ({ markdownDescription: `%setting.${name}.${field}%` });
  const text = { type: 'string', minLength: 1, maxLength: reopen.wordLength };
  const processOf = (required: readonly string[], properties: Json): Json => ({
    type: 'object',
    required,
    additionalProperties: false,
    properties,
  });
  const executable = { executable: { ...text, pattern: '^/', ...described('executable') } };
  const pidFile = { pidFile: { ...text, ...described('pidFile') } };
  const unit = {
    unit: { ...text, pattern: '\\.service$', ...described('unit') },
    ofUser: { type: 'boolean', default: false, ...described('ofUser') },
  };
  return {
    type: 'object',
    required: ['files', 'action'],
    additionalProperties: false,
    defaultSnippets: [
      {
        label: 'nginx',
        body: {
          files: '${1:conf/**/*.conf}',
          process: { pidFile: '${2:/run/nginx.pid}', executable: '/usr/sbin/nginx' },
          action: 'SIGHUP',
        },
      },
      {
        label: 'systemd',
        body: { files: '${1:**/*.conf}', process: { unit: '${2:nginx}.service' }, action: 'reload' },
      },
      { label: 'command', body: { files: '${1:**/*.conf}', action: ['${2:make}', '${3:reload}'] } },
    ],
    properties: {
      files: {
        anyOf: [text, { type: 'array', items: text, minItems: 1, maxItems: reopen.globs }],
        ...described('files'),
      },
      process: {
        anyOf: [
          processOf(['executable'], executable),
          processOf(['pidFile'], { ...pidFile, ...executable }),
          processOf(['unit'], unit),
        ],
        ...described('process'),
      },
      action: {
        anyOf: [
          {
            type: 'string',
            enum: actionWords,
            markdownEnumDescriptions: actionWords.map((word) => `%setting.${name}.${word}%`),
          },
          {
            type: 'array',
            items: { type: 'string', maxLength: reopen.wordLength },
            minItems: 1,
            maxItems: reopen.words,
          },
        ],
        ...described('action'),
      },
      ask: { type: 'boolean', default: false, ...described('ask') },
    },
  };
}

/** Puts `content` between the two markers of this name. */
export function between(text: string, name: string, content: string): string {
  const start = `<!-- generated: ${name} -->`;
  const end = `<!-- end: ${name} -->`;
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`no markers for ${name}`);
  return `${text.slice(0, from)}${start}\n${content}\n${text.slice(to)}`;
}

/** Every generated file: path in the project → its whole content, given what is there now. */
export const generated: Readonly<Record<string, (now: string) => string>> = {
  'package.json': (now) => json({ ...(JSON.parse(now) as Json), ...manifestParts() }),
  'package.nls.json': () => json(manifestTexts()),
  'l10n/bundle.l10n.json': () => json(bundleTexts()),
  'README.md': (now) => between(now, 'settings', settingsTable()),
};

const scopes = {
  resource: 'for the user, the workspace, and each folder',
  window: 'for the user and the workspace',
  machine: 'for the machine',
} as const;

function prefixed(prefix: string, table: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(Object.entries(table).map(([name, text]) => [`${prefix}.${name}`, text]));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
