/** The theme of the documentation: that of the generator, with the header, colours and cells of the site. */
import { onContentUpdated, type Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme-without-fonts';
import { defineComponent, h, onMounted } from 'vue';
import Cell from './cell.ts';
import './docs.css';

/** Only a table that is wider than its box is a stop of the tab key. */
function markScrollers(): void {
  for (const box of document.querySelectorAll<HTMLElement>('.vp-doc .scroll, .vp-doc pre')) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute('tabindex');
  }
}

const Layout = defineComponent(() => {
  onContentUpdated(markScrollers);
  onMounted(() => addEventListener('resize', markScrollers));
  return () => h(DefaultTheme.Layout);
});

export default {
  extends: DefaultTheme,
  Layout,
  enhanceApp({ app }) {
    app.component('DocCell', Cell);
  },
} satisfies Theme;
