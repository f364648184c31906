/** The code of README, docs and examples against the types of the public entries. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

const docs = readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' }).sort();
const pages = ['README.md', 'CONTRIBUTING.md', ...docs.filter((name) => name.endsWith('.md')).map((n) => `docs/${n}`)];

interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** The blocks of a page in TypeScript, and those in JavaScript that import something. */
function blocksOf(page: string): Block[] {
  const text = read(page);
  return [...text.matchAll(/^ *```(ts|js)\n([\s\S]*?)^ *```$/gm)]
    .map(({ 1: language, 2: code, index }) => {
      return { page, line: text.slice(0, index).split('\n').length, language, text: code };
    })
    .filter(({ language, text: code }) => language === 'ts' || /^\s*import /m.test(code));
}

/** The source of each entry by its name in package.json. */
function sourcesOfEntries(): Record<string, string[]> {
  const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, string | { types: string }> };
  return Object.fromEntries(
    Object.entries(exports).flatMap(([name, target]) => {
      if (typeof target === 'string') return [];
      const source = target.types.replace('./dist/wasm/compiled', './dist/src/engine/kernels/compiled');
      const path = source.replace('./dist/', './');
      return [[name.replace('.', 'unbraid'), [path.includes('compiled') ? path : path.replace(/\.d\.ts$/, '.ts')]]];
    }),
  );
}

/** What a bundler gives for a file that is no module. */
const files = "declare module '*.safetensors' {\n  const bytes: ArrayBuffer;\n  export default bytes;\n}\n";

/** Implicit any and errors of unknown type, which JavaScript cannot annotate. */
const isAnnotation = (code: number): boolean => (code >= 7000 && code < 8000) || code === 18046;

/** The errors of the blocks under `strict`, each with page and line. */
function errorsOf(blocks: readonly Block[]): string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(
    { ...config.compilerOptions, strict: true, noUnusedLocals: false, paths: sourcesOfEntries() },
    root,
  );
  const texts = new Map([[`${root}block-files.d.ts`, files]]);
  const byPath = new Map(blocks.map((block, i) => [`${root}block-${i}.ts`, block]));
  for (const [path, { text }] of byPath) texts.set(path, `${text}\nexport {};\n`);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.getSourceFile = (path, language, ...rest) => {
    const text = texts.get(path);
    return text === undefined ? getSourceFile(path, language, ...rest) : ts.createSourceFile(path, text, language);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...byPath].flatMap(([path, { page, line, language }]) => {
    const source = program.getSourceFile(path) as ts.SourceFile;
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found
      .filter(({ code }) => language === 'ts' || !isAnnotation(code))
      .map(({ start = 0, messageText }) => {
        const at = line + 1 + source.getLineAndCharacterOfPosition(start).line;
        return `${page}:${at}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
      });
  });
}

/** The programs in examples/. */
const examples: Block[] = readdirSync(`${root}examples`)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ page: `examples/${name}`, line: 0, language: 'ts', text: read(`examples/${name}`) }));

test('README and docs: every block of TypeScript, and every program in JavaScript, fits the public types', () => {
  const blocks = pages.flatMap(blocksOf);
  expect(blocks.length).toBeGreaterThan(8);
  const wrong = {
    page: 'wrong',
    line: 1,
    language: 'js',
    text: "import { train } from 'unbraid';\ntrain({ sed: 1 });\n",
  };
  const missing = { ...wrong, page: 'missing', text: "import { gramMatrix } from 'unbraid';\ngramMatrix();\n" };
  const nullable =
    "import { train } from 'unbraid';\nconst { coupling } = await train();\ncoupling.end.goodBadCosine.toFixed();\n";
  const errors = errorsOf([...blocks, ...examples, wrong, missing, { ...wrong, page: 'null', text: nullable }]);
  expect(errors).toEqual([
    expect.stringContaining("wrong:3: Object literal may only specify known properties, but 'sed' does not exist"),
    expect.stringContaining("missing:2: Module '\"unbraid\"' has no exported member 'gramMatrix'"),
    "null:4: 'coupling.end.goodBadCosine' is possibly 'null'.",
  ]);
});
