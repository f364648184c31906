/** The programs of docs/hosts.md through Vite, in Chromium. */
import { build, createServer, type InlineConfig, type Plugin, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Installed } from '../../../src/cli/runtime/installed.ts';
import { train } from '../../../src/train/trainer.ts';
import { listener, microphone, visit } from '../chromium.ts';
import { type Project, projectWithPackage } from '../installedPackage.ts';
import { snippetFiles } from '../snippets.ts';
import { present } from '../testBattery.ts';

const installed = present('Vite', 'chromium');
const chromium = installed as Installed;

/** Puts the microphone into the page and its listener into the server. */
function sound(answer: ReturnType<typeof listener>['answer']): Plugin {
  return {
    name: 'sound',
    transformIndexHtml: () => [{ tag: 'script', injectTo: 'head-prepend', children: microphone }],
    configureServer: ({ middlewares }) => void middlewares.use('/said', answer),
    configurePreviewServer: ({ middlewares }) => void middlewares.use('/said', answer),
  };
}

describe.skipIf(typeof installed === 'string').each(['Node', 'Worker threads'])('the program of "%s"', (heading) => {
  const address = { port: 0, host: '127.0.0.1' };
  let project: Project;
  let expected: string;

  beforeAll(async () => {
    project = projectWithPackage({ ...snippetFiles('Vite'), ...snippetFiles(heading) });
    expected = (await train({ env: 'household', iterations: 2, evalEpisodes: 20 })).parametersSha256;
  });
  afterAll(() => project.remove());

  test('built for production trains to the bits of Node', async () => {
    const { heard, answer } = listener();
    const config: InlineConfig = { root: project.folder, plugins: [sound(answer)], logLevel: 'error' };
    await build(config);
    const server = await preview({ ...config, preview: address });
    try {
      expect(await visit(chromium, server.resolvedUrls?.local[0] as string, heard)).toBe(expected);
    } finally {
      await server.close();
    }
  });

  test('from the dev server, too', async () => {
    const { heard, answer } = listener();
    const server = await createServer({
      root: project.folder,
      plugins: [sound(answer)],
      logLevel: 'error',
      server: address,
    });
    try {
      await server.listen();
      expect(await visit(chromium, server.resolvedUrls?.local[0] as string, heard)).toBe(expected);
    } finally {
      await server.close();
    }
  });
});
