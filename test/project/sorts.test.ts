import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);

/**
 * Calls of `sort` and `toSorted` without a comparison on arrays whose elements are not all text: 10 would be sorted
 * before 2.
 */
function textualSorts(paths: readonly string[], texts: Readonly<Record<string, string>> = {}): string[] {
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => path in texts || fileExists(path);
  host.readFile = (path) => texts[path] ?? readFile(path);
  host.getSourceFile = (path, language, ...rest) =>
    path in texts ? ts.createSourceFile(path, texts[path], language) : getSourceFile(path, language, ...rest);
  const program = ts.createProgram(paths, options, host);
  const checker = program.getTypeChecker();
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (
      ts.isCallExpression(node) &&
      node.arguments.length === 0 &&
      ts.isPropertyAccessExpression(node.expression) &&
      ['sort', 'toSorted'].includes(node.expression.name.text)
    ) {
      const list = checker.getTypeAtLocation(node.expression.expression);
      const element = checker.isArrayType(list) ? checker.getTypeArguments(list as ts.TypeReference)[0] : undefined;
      const kinds = element?.isUnion() ? element.types : [element];
      // Typed arrays compare by value.
      const ordered = element
        ? kinds.every((kind) => kind && kind.flags & ts.TypeFlags.StringLike)
        : /^\w+\d+Array\b/.test(checker.typeToString(list));
      if (!ordered) found.push(node.getText());
    }
    ts.forEachChild(node, visit);
  };
  for (const path of paths) ts.forEachChild(program.getSourceFile(path) as ts.SourceFile, visit);
  return found;
}

test('finds numbers sorted as text, and lets text, typed arrays and comparisons pass', () => {
  const text = `const pair: [number, number] = [10, 2];
    export const wrong = [[10, 2].sort(), [10, 2].map((x) => x * 2).toSorted(), pair.sort(), [1, 'a'].sort()];
    export const right = [['b', 'a'].sort(), new Float32Array(2).sort(), pair.sort((a, b) => a - b), Object.keys({}).sort()];
    export const names = (list: ('a' | 'b')[]): unknown => list.toSorted();\n`;
  expect(textualSorts([`${root}src/example.ts`], { [`${root}src/example.ts`]: text })).toEqual([
    '[10, 2].sort()',
    '[10, 2].map((x) => x * 2).toSorted()',
    'pair.sort()',
    "[1, 'a'].sort()",
  ]);
});

test('no source sorts anything but text without a comparison', () => {
  const sources = ['src', 'workers'].flatMap((folder) => ts.sys.readDirectory(`${root}${folder}`, ['.ts']));
  expect(sources).toContain(`${root}src/index.ts`);
  expect(textualSorts(sources)).toEqual([]);
});
