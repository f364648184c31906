/** The groups of the sidebar. Those of the generator nest one button in another, which screen readers cannot tell apart. */
import { type DefaultTheme, useData, withBase } from 'vitepress';
import { defineComponent, h, type PropType } from 'vue';

type Item = DefaultTheme.SidebarItem;

export default defineComponent({
  props: { items: { type: Array as PropType<Item[]>, required: true } },
  setup(props) {
    const { page } = useData();
    const isHere = ({ link }: Item): boolean => link === `/${page.value.relativePath}`;
    const entry = (item: Item) =>
      h('li', [
        h(
          'a',
          {
            href: withBase((item.link ?? '').replace(/\.md$/, '.html')),
            'aria-current': isHere(item) ? 'page' : undefined,
          },
          item.text,
        ),
      ]);
    return () =>
      props.items.map(({ text, collapsed, items = [] }) =>
        h('details', { key: text ?? '', class: 'docs-group', open: collapsed !== true || items.some(isHere) }, [
          h('summary', text),
          h('ul', items.map(entry)),
        ]),
      );
  },
});
