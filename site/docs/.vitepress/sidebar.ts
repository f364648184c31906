/** The groups of the sidebar, in the order in which a newcomer needs them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DefaultTheme } from 'vitepress';
import { pagesIn, staged, titleOf } from './stage.ts';

const page = (path: string, text = titleOf(path)): DefaultTheme.SidebarItem => ({ text, link: `/${path}` });
const docs = (...names: string[]): DefaultTheme.SidebarItem[] => names.map((name) => page(`docs/${name}.md`));
const folder = (path: string): DefaultTheme.SidebarItem[] => pagesIn(path).map((each) => page(each));

export function sidebar(): DefaultTheme.SidebarItem[] {
  const api = existsSync(join(staged, 'docs/api/README.md'))
    ? [page('docs/api/README.md', 'All entries'), page('docs/api/unbraid.md'), ...folder('docs/api/unbraid')]
    : [];
  return [
    {
      text: 'Start',
      items: [page('README.md', 'Overview'), ...folder('docs/first-steps'), ...docs('faq', 'glossary')],
    },
    { text: 'Tutorial: coupling', items: folder('docs/tutorial') },
    {
      text: 'Guides',
      items: docs(
        ...[
          'tutorial',
          'custom',
          'environments',
          'third-party',
          'bridge',
          'hosts',
          'study',
          'sweep',
          'fleet',
          'fleet-volunteers',
          'profile',
          'publishing',
        ],
      ),
    },
    {
      text: 'Reference',
      items: docs('configuration', 'metrics', 'factors', 'labels', 'math', 'receipts', 'determinism'),
    },
    { text: 'API', collapsed: true, items: api },
    { text: 'Methods', collapsed: true, items: folder('docs/algorithms') },
    {
      text: 'Results',
      collapsed: true,
      items: [
        page('docs/results/README.md', 'All results'),
        ...folder('docs/results').filter(({ link }) => !link?.endsWith('README.md')),
      ],
    },
    { text: 'Background', collapsed: true, items: docs('peers', 'related-work', 'architecture') },
    { text: 'Decisions', collapsed: true, items: folder('docs/decisions') },
    {
      text: 'Project',
      collapsed: true,
      items: [page('CONTRIBUTING.md'), page('CHANGELOG.md'), page('SECURITY.md')],
    },
  ];
}
