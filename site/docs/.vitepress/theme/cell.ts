/** A cell: its code, a button that runs it in a worker, and its output. */
import { computed, defineComponent, h, onBeforeUnmount, ref, shallowRef } from 'vue';
import { type CellChart, drawChart } from './cellChart.ts';
import type { CellMessage } from './cellWorker.ts';

type State = 'before' | 'running' | 'stopped' | 'failed' | 'done';

export default defineComponent({
  props: { name: { type: String, required: true }, time: { type: String, required: true } },
  setup({ name, time }, { slots }) {
    const state = ref<State>('before');
    const lines = ref<string[]>([]);
    const problem = ref('');
    const chart = shallowRef<CellChart | null>(null);
    const committed = ref<HTMLElement | null>(null);
    let worker: Worker | null = null;

    const printed = computed(() => lines.value.map((line) => `${line}\n`).join(''));
    const isEqual = (): boolean => committed.value?.querySelector('pre')?.textContent?.trim() === printed.value.trim();

    function end(next: State): void {
      worker?.terminate();
      worker = null;
      state.value = next;
    }
    function fail(text: string): void {
      problem.value = text;
      end('failed');
    }
    function receive(message: CellMessage): void {
      if (message.kind === 'line') lines.value.push(message.text);
      else if (message.kind === 'error') fail(message.text);
      else {
        chart.value = message.chart;
        end('done');
      }
    }
    function run(): void {
      end('running');
      lines.value = [];
      chart.value = null;
      worker = new Worker(new URL('./cellWorker.ts', import.meta.url), { type: 'module' });
      worker.onmessage = ({ data }: MessageEvent<CellMessage>) => receive(data);
      worker.onerror = (event) => {
        fail(
          event.message ||
            'the worker did not start; check the network connection, reload the page, and run the cell again',
        );
      };
      worker.postMessage(name);
    }
    onBeforeUnmount(() => end('before'));

    const status = (): string => {
      if (state.value === 'before') return `Runs in this page, ${time}. The output below is the committed one.`;
      if (state.value === 'running') return 'Running.';
      if (state.value === 'stopped') return 'Stopped.';
      if (state.value === 'failed') return '';
      return isEqual()
        ? 'Computed in this page. Equal to the committed output.'
        : 'Computed in this page. It differs from the committed output, which is below it: please report the browser and its version.';
    };
    const showsCommitted = (): boolean => state.value === 'before' || (state.value === 'done' && !isEqual());

    return () =>
      h('div', { class: 'cell', 'data-cell': name, 'data-state': state.value }, [
        slots.default?.(),
        h('div', { class: 'cell-bar' }, [
          h(
            'button',
            { type: 'button', class: 'act main', disabled: state.value === 'running', onClick: run },
            state.value === 'before' ? 'Run' : 'Run again',
          ),
          h(
            'button',
            { type: 'button', class: 'act', disabled: state.value !== 'running', onClick: () => end('stopped') },
            'Stop',
          ),
          h('p', { class: 'quiet', role: 'status' }, status()),
        ]),
        state.value === 'failed'
          ? h('div', { class: 'problem', role: 'alert' }, [
              h('p', `The cell failed: ${problem.value}`),
              h(
                'p',
                'Its code is unchanged. Run it again; if it fails again, run it in Node, where it prints the same.',
              ),
            ])
          : null,
        state.value !== 'before' && lines.value.length > 0
          ? h(
              'pre',
              { class: 'cell-output', tabindex: 0, role: 'group', 'aria-label': `Output of the cell ${name}` },
              printed.value,
            )
          : null,
        chart.value ? drawChart(chart.value) : null,
        h('div', { ref: committed, class: 'cell-committed', hidden: !showsCommitted() }, slots.expected?.()),
      ]);
  },
});
