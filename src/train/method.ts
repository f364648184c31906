/** The config's `method`: which terms an objective has, how they are written, and which of them go together. */

const baseTerms = ['grpo', 'gigpo', 'ppo'] as const;
const labelTerms = ['classifier', 'contrastive', 'cloning', 'label-advantages'] as const;
const surgeryTerms = ['pcgrad', 'gradvac', 'upgrad'] as const;

/** All terms, in canonical order: what advantages are, what labels do, what happens to conflicting gradients, and the network's heads. */
export const methodTerms = [...baseTerms, ...labelTerms, ...surgeryTerms, 'heads'] as const;

/** A term of the objective. Without one of `grpo`, `gigpo` and `ppo` it is `grpo`. */
export type MethodTerm = (typeof methodTerms)[number];

/** What makes one gradient of the gradients of tasks. */
export type Surgery = (typeof surgeryTerms)[number];

/** Whether a text is made of known terms, each once. */
export function isMethod(method: string): boolean {
  const terms = method.split('+');
  return (
    new Set(terms).size === terms.length && terms.every((term) => (methodTerms as readonly string[]).includes(term))
  );
}

/** Terms of the methods asked for so far: every update asks for those of the same one. */
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

/** The terms that need to know which actions were good. */
export function labelTermsOf(method: string): readonly MethodTerm[] {
  const all = termsOf(method);
  return labelTerms.filter((term) => all.includes(term));
}

/** The surgery of a method, or null. */
export function surgeryOf(method: string): Surgery | null {
  return surgeryTerms.find((term) => termsOf(method).includes(term)) ?? null;
}

/**
 * Refuses terms that exclude each other.
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
  if (terms.includes('label-advantages') && labels === 'demonstrations') {
    throw new Error(
      'config: method "label-advantages" needs labels of rollouts, got labels "demonstrations", which label none; choose another source',
    );
  }
}

/** Which parts of the network a method asks for; see `PolicyConfig`. */
export function headsOf(method: string): { readonly actionHeads: boolean; readonly valueHead: boolean } {
  const terms = termsOf(method);
  return { actionHeads: terms.includes('heads'), valueHead: terms.includes('ppo') };
}
