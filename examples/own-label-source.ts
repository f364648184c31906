/** Your own label source: an action is good if its episode solved the game, otherwise bad. */
import { train } from 'unbraid';

const config = { env: 'look-alike', policy: 'mlp', method: 'classifier+cloning', iterations: 20 } as const;
const { success, receipt } = await train(config, {
  labelSource: () => ({
    label({ states, episode, taken, returns }) {
      const labels = new Int8Array(states.actions).fill(-1);
      for (let s = 0; s < states.states; s++) labels[states.rowOffsets[s] + taken[s]] = returns[episode[s]] > 0 ? 1 : 0;
      return labels;
    },
  }),
});
console.log('labels:', receipt.config.labels, '- success:', success.inDomain?.toFixed(2));

// Output:
// labels: custom - success: 1.00
