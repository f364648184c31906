/** Goals as numbers: the products that another game with the same rooms and ingredients could request. */

import type { Split } from '../environment.ts';
import { products } from './games.ts';
import { formNames, neededFor, type Product, startWorld, type World } from './world.ts';

const FORMS = formNames.length;

const goalOf = ({ effect, form }: Product): number => effect * FORMS + form;

const bySplit: Readonly<Record<Split, readonly Product[]>> = {
  train: products('train'),
  'in-domain': products('in-domain'),
  'out-of-domain': products('out-of-domain'),
};

/**
 * The products of the split whose ingredients exist in the game, except its own. Products of other splits are left out:
 * training must not show those that are held out.
 */
export function otherGoals({ game }: World, split: Split): number[] {
  const existing = game.contents.reduce((all, contents) => all | contents, 0);
  return bySplit[split]
    .filter((product) => goalOf(product) !== goalOf(game.product) && (neededFor(product) & ~existing) === 0)
    .map(goalOf)
    .sort((a, b) => a - b);
}

/** The start of the game with the goal of this number. */
export function startWith({ game }: World, goal: number): World {
  return startWorld({ ...game, product: { effect: Math.floor(goal / FORMS), form: goal % FORMS } });
}
