/** Terms of a method whose display name differs from the name in the config. */
const names: Readonly<Record<string, string>> = {
  grpo: 'GRPO',
  gigpo: 'GiGPO',
  ppo: 'PPO',
  'graph-advantages': 'graph advantages',
  'label-advantages': 'label advantages',
  decouple: 'decoupled advantages',
  pcgrad: 'PCGrad',
  gradvac: 'GradVac',
  upgrad: 'UPGrad',
  heads: 'heads per action',
};

/** The condition of the danger-zone experiment without the samples of the first state. */
export const DATA_REMOVED = "other state's data removed";

/** Terms of a method as tables and figures show them, joined by ` + `. */
export function termsText(terms: readonly string[]): string {
  return terms.map((term) => names[term] ?? term).join(' + ');
}
