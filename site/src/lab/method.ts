/** The method of a run as a visitor composes it: a base and added terms. The library checks which go together. */

export const bases = [
  ['grpo', 'GRPO'],
  ['gigpo', 'GiGPO'],
  ['ppo', 'PPO'],
] as const;

/** Terms that can be added to each other. */
export const additions = [
  ['classifier', 'classifier', 'a second head learns to classify candidate actions as good or bad'],
  ['cloning', 'cloning', 'the policy imitates actions labelled good'],
  ['contrastive', 'contrastive', 'a contrastive loss pulls embeddings of equal labels together'],
  ['label-advantages', 'label advantages', 'labels are added to the advantages'],
  ['graph-advantages', 'graph advantages', 'values of the experience graph are added to the advantages'],
  ['decouple', 'decoupled advantages', 'the influence of samples on each other is taken away, to first order'],
  ['heads', 'a head per action', 'the network has a policy head for each verb or action'],
] as const;

/** Gradient surgery: one of these at most. */
export const surgeries = [
  ['none', 'none'],
  ['pcgrad', 'PCGrad'],
  ['gradvac', 'GradVac'],
  ['upgrad', 'UPGrad'],
] as const;

export type Base = (typeof bases)[number][0];
export type Addition = (typeof additions)[number][0];
export type SurgeryName = (typeof surgeries)[number][0];

export interface Composed {
  readonly base: Base;
  readonly added: readonly Addition[];
  readonly surgery: SurgeryName;
}

const nameIn = <T extends string>(rows: readonly (readonly [T, ...unknown[]])[], terms: readonly string[]): T[] =>
  rows.map(([name]) => name).filter((name) => terms.includes(name));

/** The parts of a method; terms that it does not know are left out. */
export function composedOf(method: string): Composed {
  const terms = method.split('+');
  return {
    base: nameIn(bases, terms)[0] ?? 'grpo',
    added: nameIn(additions, terms),
    surgery: nameIn(surgeries, terms)[0] ?? 'none',
  };
}

/** The method as a config states it. */
export function methodOf({ base, added, surgery }: Composed): string {
  const terms = [...added, ...(surgery === 'none' ? [] : [surgery])];
  return (base === 'grpo' && terms.length > 0 ? terms : [base, ...terms]).join('+');
}

/** The method with a term added or taken out. */
export function withTerm(method: string, term: Addition, isAdded: boolean): string {
  const { added, ...rest } = composedOf(method);
  return methodOf({ ...rest, added: nameIn(additions, isAdded ? [...added, term] : added.filter((x) => x !== term)) });
}

/** Whether a term of the method learns from labels. */
export function takesLabels(method: string): boolean {
  return composedOf(method).added.some((term) => /^(classifier|cloning|contrastive|label-advantages)$/.test(term));
}

/** `GRPO + classifier + cloning` */
export function methodWords(method: string): string {
  const { base, added, surgery } = composedOf(method);
  const wordOf = (rows: readonly (readonly [string, string, ...unknown[]])[], name: string): string =>
    rows.find(([key]) => key === name)?.[1] ?? name;
  const words = [wordOf(bases, base), ...added.map((term) => wordOf(additions, term))];
  return [...words, ...(surgery === 'none' ? [] : [wordOf(surgeries, surgery)])].join(' + ');
}
