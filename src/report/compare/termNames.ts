/** Terms of a method whose name for people is not the one in the config. */
const names: Readonly<Record<string, string>> = {
  grpo: 'GRPO',
  gigpo: 'GiGPO',
  ppo: 'PPO',
  'label-advantages': 'label advantages',
  pcgrad: 'PCGrad',
  gradvac: 'GradVac',
  upgrad: 'UPGrad',
  heads: 'heads per action',
};

/** Terms of a method, joined by ` + `, as tables and figures call them. */
export function termsText(terms: readonly string[]): string {
  return terms.map((term) => names[term] ?? term).join(' + ');
}
