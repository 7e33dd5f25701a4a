import { readFileSync } from 'node:fs';

import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const layers = JSON.parse(readFileSync(new URL('layers.json', import.meta.url), 'utf8'));
const folders = Object.keys(layers).filter((layer) => layer !== 'extension');
const modules = ['vscode', 'koffi', 'node:*'];

/** The import law for one layer, as a lint rule. `test/arch` checks the same data over the whole graph. */
function lawOf(layer) {
  const law = layers[layer];
  const forbiddenLayers = [...folders, 'extension'].filter((other) => !law.imports.includes(other));
  const forbiddenModules = modules.filter(
    (name) => !law.modules.some((allowed) => allowed === name || (name === 'node:*' && allowed.startsWith('node:'))),
  );
  return {
    files: [layer === 'extension' ? 'src/extension.ts' : `src/${layer}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...forbiddenLayers.map((other) => ({
              group: [`**/${other}`, `**/${other}/**`],
              message: `${layer} must not import ${other} (layers.json)`,
            })),
            ...forbiddenModules.map((name) => ({
              group: [name],
              message: `${layer} must not import ${name} (layers.json)`,
            })),
          ],
        },
      ],
    },
  };
}

export default tseslint.config(
  { ignores: ['out/', 'dist/', 'node_modules/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/explicit-function-return-type': ['error', { allowExpressions: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['src/core/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        'setTimeout',
        'setInterval',
        'setImmediate',
        'process',
        'Buffer',
        'performance',
        'Date',
        'console',
        'require',
      ],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
    },
  },
  ...Object.keys(layers).map(lawOf),
  {
    files: ['src/shell/**/*.ts', 'src/extension.ts'],
    ignores: ['src/shell/notify.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...['showInformationMessage', 'showWarningMessage', 'showErrorMessage'].map((property) => ({
          property,
          message: 'Notifications go through src/shell/notify.ts: a name in them must not become a link.',
        })),
      ],
    },
  },
  {
    files: ['src/panel/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'write', 'writeln'].map((property) => ({
          property,
          message: 'Names of files and programs are in it: they must get into the page as text.',
        })),
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'scripts/**/*.ts'],
    rules: { 'no-console': 'off', '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
  },
  {
    files: ['**/*.mjs', 'test/support/driver-extension/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        require: 'readonly',
        module: 'readonly',
        __dirname: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        AbortSignal: 'readonly',
        AbortController: 'readonly',
        performance: 'readonly',
        fetch: 'readonly',
        setImmediate: 'readonly',
      },
    },
  },
);
