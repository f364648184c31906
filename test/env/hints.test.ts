import { expect, test } from 'vitest';
import type { Environment, Features, Step } from '../../src/env/environment.ts';
import { stepWithHint, withHints } from '../../src/env/hints.ts';
import { createHousehold, householdText } from '../../src/env/household/household.ts';
import { createLookAlike } from '../../src/env/lookAlike.ts';
import { collectTexts } from '../../src/env/text/collectTexts.ts';
import { tokenized } from '../../src/env/text/tokenized.ts';
import { buildVocabulary } from '../../src/env/text/tokenizer.ts';

const rule = { by: 'classifier', threshold: 0.5 } as const;
const game = { seed: 3, split: 'train' } as const;

async function text(): Promise<Environment> {
  const vocabulary = buildVocabulary(await collectTexts(householdText(), { episodes: 4, seed: 1 }));
  return tokenized(householdText(), vocabulary, { maxStateTokens: 40, maxActionTokens: 12 });
}

/** Words with their slots. */
function words({ spec }: Environment, features: Features): string[] {
  if (spec.form !== 'tokens') throw new Error('a tokens environment');
  const { vocabulary } = spec;
  return features.map((f) => `${Math.floor(f / vocabulary.length)} ${vocabulary[f % vocabulary.length]}`);
}

test.each([
  ['household, slots', createHousehold],
  ['household in text, positions', text],
])('%s: words and slots stay, the hint is one more word in one more slot', async (_, open) => {
  const plain = await open();
  const hinted = withHints(await open(), rule);
  const [{ spec: before }, { spec: after }] = [plain, hinted];
  if (before.form !== 'tokens' || after.form !== 'tokens') throw new Error('tokens environments');
  expect(after).toEqual({
    ...before,
    version: `${before.version}+hint1`,
    vocabulary: [...before.vocabulary, '<hint>'],
    stateSlots: before.stateSlots + 1,
    hint: rule,
  });
  let step = await plain.reset(game);
  let shown = await hinted.reset(game);
  for (let steps = 0; !step.terminated && !step.truncated; steps++) {
    const observation = words(plain, step.observation as Features);
    expect(words(hinted, shown.observation as Features)).toEqual(observation);
    const actions = (of: Environment, { info }: Step): string[][] =>
      (info.admissibleActions as Features[]).map((action) => words(of, action));
    expect(actions(hinted, shown)).toEqual(actions(plain, step));
    expect(hinted.stateHash()).toBe(plain.stateHash());
    expect(hinted.observationText()).toBe(plain.observationText());
    const slot = before.layout === 'slots' ? before.stateSlots : observation.length;
    const withHint = stepWithHint(after, shown);
    expect(words(hinted, withHint.observation as Features)).toEqual([...observation, `${slot} <hint>`]);
    expect(withHint).toEqual({ ...shown, observation: withHint.observation });
    const action = steps % step.info.admissibleActions.length;
    [step, shown] = [await plain.step(action), await hinted.step(action)];
  }
  expect([shown.reward, shown.terminated, shown.truncated]).toEqual([step.reward, step.terminated, step.truncated]);
});

test('a vector has one more number, 0 without and 1 with a hint', async () => {
  const hinted = withHints(createLookAlike(), rule);
  const step = await hinted.reset(game);
  const plain = Array.from((await createLookAlike().reset(game)).observation);
  expect(hinted.spec).toMatchObject({ vectorWidth: plain.length + 1, hint: rule });
  expect(Array.from(step.observation)).toEqual([...plain, 0]);
  expect(Array.from(stepWithHint(hinted.spec, step).observation)).toEqual([...plain, 1]);
  expect(Array.from(step.observation)).toEqual([...plain, 0]);
});

test('a copy continues with a place for hints; expert, task and end are those of the environment', async () => {
  const inner = createHousehold();
  const hinted = withHints(inner, rule);
  await hinted.reset(game);
  const copy = hinted.clone?.();
  expect(copy?.spec).toEqual(hinted.spec);
  expect(await copy?.step(0)).toEqual(await hinted.step(0));
  expect(hinted.expertActions?.()).toEqual(inner.expertActions());
  expect(hinted.taskOf?.(game)).toBe(inner.taskOf?.(game));
  expect(hinted.close).toBe(undefined);
});

test('a feature beyond the slots of the environment does not become a hint', async () => {
  const inner = createHousehold();
  const { spec } = inner;
  if (spec.form !== 'tokens') throw new Error('a tokens environment');
  const beyond = spec.stateSlots * spec.vocabulary.length;
  const broken: Environment = {
    ...inner,
    reset: (episode) => ({ ...inner.reset(episode), observation: [beyond] }),
  };
  expect(() => withHints(broken, rule).reset(game)).toThrow(
    `environment: each feature must be below ${beyond}, ${spec.stateSlots} slots of ${spec.vocabulary.length} words, got ${beyond}; check the environment's encoding`,
  );
});
