/** The `method` of a config: the terms of the objective, how they are written, and which of them can be combined. */

import { nearestName } from '../check/nearestName.ts';

const baseTerms = ['grpo', 'gigpo', 'ppo'] as const;
const stepTerms = ['graph-advantages'] as const;
const labelTerms = ['classifier', 'contrastive', 'cloning', 'label-advantages'] as const;
const couplingTerms = ['decouple'] as const;
const surgeryTerms = ['pcgrad', 'gradvac', 'upgrad'] as const;

/**
 * All terms in canonical order: how advantages are computed, what labels are used for, what takes coupling away,
 * gradient surgery, and the heads of the network.
 */
export const methodTerms = [
  ...baseTerms,
  ...stepTerms,
  ...labelTerms,
  ...couplingTerms,
  ...surgeryTerms,
  'heads',
] as const;

/** A term of the objective. If a method names none of `grpo`, `gigpo` and `ppo`, `grpo` is added. */
export type MethodTerm = (typeof methodTerms)[number];

/** What each term does, in one line. */
const meanings: Readonly<Record<MethodTerm, string>> = {
  grpo: 'base: the advantage of an episode is its return relative to its group (default)',
  gigpo: 'base: grpo, plus advantages of single steps from equal states of one group',
  ppo: 'base: advantages from a learned value of each state (GAE)',
  'graph-advantages': 'steps: adds the values of actions in the experience graph to the advantages',
  classifier: 'labels: a second head learns to classify candidate actions as good or bad',
  contrastive: 'labels: a supervised contrastive loss on the embeddings of candidate actions',
  cloning: 'labels: the policy imitates actions labelled good',
  'label-advantages': 'labels: they are added to the advantages, or replace them',
  decouple: 'advantages from which the influence of samples on each other is taken away, to first order',
  pcgrad: 'gradient surgery: projects conflicting gradients of tasks (PCGrad)',
  gradvac: 'gradient surgery: aligns gradients of tasks with a running target cosine (GradVac)',
  upgrad: 'gradient surgery: projects onto the dual cone of the gradients of tasks (UPGrad)',
  heads: 'network: a policy head for each verb or action instead of one for all',
};

/** All terms with their meaning. */
export const methodTable: readonly { readonly name: MethodTerm; readonly meaning: string }[] = methodTerms.map(
  (name) => ({ name, meaning: meanings[name] }),
);

/** The method of gradient surgery that combines the gradients of tasks. */
export type Surgery = (typeof surgeryTerms)[number];

/** Whether a text consists of known terms, each once. */
export function isMethod(method: string): boolean {
  const terms = method.split('+');
  return (
    new Set(terms).size === terms.length && terms.every((term) => (methodTerms as readonly string[]).includes(term))
  );
}

/**
 * The method with each unknown term replaced by the nearest one that it does not have yet; null if a term has none or
 * is given twice.
 */
export function nearestMethod(method: string): string | null {
  const terms = method.split('+');
  const isTerm = (term: string): boolean => (methodTerms as readonly string[]).includes(term);
  // Terms are short. Those of the same first letter alone are offered: DAPO is another algorithm, not a mistyped GRPO.
  const free = (term: string): MethodTerm[] =>
    methodTerms.filter((known) => !terms.includes(known) && known[0] === term[0]);
  const nearest = terms.map((term) => (isTerm(term) ? term : nearestName(term, free(term))));
  const fixed = nearest.join('+');
  return nearest.includes(null) || !isMethod(fixed) ? null : fixed;
}

/** Cached terms by method: every update requests the terms of the same method. */
const knownTerms = new Map<string, readonly MethodTerm[]>();

function readTerms(method: string): readonly MethodTerm[] {
  const given = method.split('+');
  const named = methodTerms.filter((term) => given.includes(term));
  return baseTerms.some((base) => given.includes(base)) ? named : ['grpo', ...named];
}

/** The terms of a method, in canonical order and always with a base: `grpo` unless another is named. */
export function termsOf(method: string): readonly MethodTerm[] {
  const known = knownTerms.get(method) ?? readTerms(method);
  knownTerms.set(method, known);
  return known;
}

/** The method with its terms in canonical order; `grpo` is left out beside others. */
export function canonicalMethod(method: string): string {
  const terms = termsOf(method);
  return terms.length === 1 ? terms[0] : terms.filter((term) => term !== 'grpo').join('+');
}

/** The terms that use labels. */
export function labelTermsOf(method: string): readonly MethodTerm[] {
  const all = termsOf(method);
  return labelTerms.filter((term) => all.includes(term));
}

/** Whether the pairs that `decouple` selects depend on labels. */
export function decouplesByLabel({ method, decouplePairs }: LabelUse): boolean {
  return termsOf(method).includes('decouple') && (decouplePairs === 'labelled' || decouplePairs === 'same-label');
}

/** The keys that decide whether a run needs labels. */
export interface LabelUse {
  readonly method: string;
  readonly decouplePairs: string;
}

/** Whether a run with these keys needs the labels of its rollouts or demonstrations. */
export function usesLabels(config: LabelUse): boolean {
  return labelTermsOf(config.method).length > 0 || decouplesByLabel(config);
}

/** The gradient surgery of a method, or null. */
export function surgeryOf(method: string): Surgery | null {
  return surgeryTerms.find((term) => termsOf(method).includes(term)) ?? null;
}

/**
 * Rejects terms that exclude each other.
 *
 * @throws Error naming the terms of which one must be dropped
 */
export function checkTerms(method: string, labels: string): void {
  const terms = termsOf(method);
  for (const rivals of [baseTerms, surgeryTerms]) {
    if (rivals.filter((term) => terms.includes(term)).length > 1) {
      throw new Error(`config: method takes one of ${rivals.join(', ')}, got "${method}"; keep one of them`);
    }
  }
  if (terms.includes('decouple') && (terms.includes('ppo') || surgeryOf(method) !== null)) {
    const other = surgeryOf(method) ?? 'ppo';
    throw new Error(
      `config: method "decouple" replaces the advantages of grpo or gigpo in one policy loss, got "${method}"; drop decouple or ${other}`,
    );
  }
  if (terms.includes('label-advantages') && labels === 'demonstrations') {
    throw new Error(
      'config: method "label-advantages" needs labels of rollouts, got labels "demonstrations", which label no rollout; choose another source',
    );
  }
}

/** The heads of the network that a method needs; see `PolicyConfig`. */
export function headsOf({ method, valueNetwork }: { readonly method: string; readonly valueNetwork: string }): {
  readonly actionHeads: boolean;
  readonly valueHead: boolean;
  readonly separateValue: boolean;
} {
  const terms = termsOf(method);
  const valueHead = terms.includes('ppo');
  return { actionHeads: terms.includes('heads'), valueHead, separateValue: valueHead && valueNetwork === 'separate' };
}
