/** The role of a variant in a comparison: in names, and in the line style of figures. */
import { seriesStyle } from '../draw/chart.ts';
import type { SeriesStyle } from '../draw/layout.ts';

/** A `control` tests another explanation of a gain; an `upper bound` uses task knowledge that agents lack. */
export type VariantRole = 'method' | 'control' | 'upper bound';

interface NamedRole {
  readonly name: string;
  readonly role: VariantRole;
}

/** The variant's name, with its role if it is a control or an upper bound. */
export function roleName({ name, role }: NamedRole): string {
  return role === 'method' ? name : `${name} (${role})`;
}

/** Methods are drawn solid, controls dashed, upper bounds dotted. The colour is that of the position in `variants`. */
export function roleStyle<V extends NamedRole>(variants: readonly V[], variant: V): SeriesStyle {
  const line = { method: 'solid', control: 'dashed', 'upper bound': 'dotted' } as const;
  return seriesStyle(variants.indexOf(variant), line[variant.role]);
}
