import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

import ts from 'typescript';

interface Law {
  readonly imports: readonly string[];
  readonly modules: readonly string[];
}

const laws = JSON.parse(readFileSync('layers.json', 'utf8')) as Record<string, Law>;

function layerOf(path: string): string {
  if (path === 'src/extension.ts') return 'extension';
  return path.startsWith('api/') ? 'api' : (path.split('/')[1] ?? path);
}

/** Every module that the source asks for, however it does: import, export from, import type, require, import(). */
export function importsOf(path: string, source: string): string[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      found.push((node.moduleSpecifier as ts.StringLiteral).text);
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      found.push(node.argument.literal.text);
    }
    if (
      ts.isCallExpression(node) &&
      (node.expression.kind === ts.SyntaxKind.ImportKeyword ||
        (ts.isIdentifier(node.expression) && node.expression.text === 'require'))
    ) {
      const [argument] = node.arguments;
      found.push(argument && ts.isStringLiteral(argument) ? argument.text : '<computed>');
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** What is wrong with one import, or undefined. */
export function breach(path: string, specifier: string): string | undefined {
  const law = laws[layerOf(path)];
  if (!law) return `${path} belongs to no layer`;
  if (specifier.startsWith('.')) {
    const target = posix.normalize(posix.join(dirname(path), specifier));
    if (target === 'src/extension') return `${path} imports the composition root`;
    return law.imports.includes(layerOf(target)) ? undefined : `${path} imports ${target}`;
  }
  const allowed = law.modules.some(
    (name) => name === specifier || (name === 'node:*' && specifier.startsWith('node:')),
  );
  return allowed ? undefined : `${path} imports ${specifier}`;
}

const sources = readdirSync('src', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => posix.join(entry.parentPath, entry.name));

describe('layers', function () {
  // Every file is read, on a machine that may be busy.
  this.timeout(20_000);

  it('holds for every import of the product', () => {
    const breaches = sources.flatMap((path) =>
      importsOf(path, readFileSync(path, 'utf8')).flatMap((specifier) => breach(path, specifier) ?? []),
    );
    assert.ok(sources.length > 20, 'the sources were found');
    assert.deepEqual(breaches, []);
  });

  it('koffi is asked for in one file only of each system', () => {
    const users = sources.filter((path) => importsOf(path, readFileSync(path, 'utf8')).includes('koffi'));
    assert.deepEqual(users.sort(), [
      join('src', 'platform', 'linux', 'libc.ts'),
      join('src', 'platform', 'windows', 'rstrtmgr.ts'),
    ]);
  });

  it('would notice a breach of any kind', () => {
    const bad = `import 'vscode'; export * from '../shell/log'; type T = import('node:fs').Stats; require('koffi'); import(x);`;
    const found = importsOf('src/core/bad.ts', bad);
    assert.deepEqual(found, ['vscode', '../shell/log', 'node:fs', 'koffi', '<computed>']);
    for (const specifier of found) assert.ok(breach('src/core/bad.ts', specifier), specifier);
    assert.ok(breach('src/shell/bad.ts', '../extension'));
    assert.equal(breach('src/shell/good.ts', '../core/level'), undefined);
  });
});
