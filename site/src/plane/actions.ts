/** How actions are shown: a letter, a mark and a colour, so that none depends on colour alone. */
export const actionLetters = ['A', 'B', 'C', 'D'] as const;

/** The present colours of the actions, as the theme sets them. */
export function actionColours(): string[] {
  const style = getComputedStyle(document.documentElement);
  return actionLetters.map((_, a) => style.getPropertyValue(`--action-${a}`).trim());
}

/** Red, green and blue of a colour written as #rgb or #rrggbb. */
export function channels(colour: string): [number, number, number] {
  const digits = colour.slice(1);
  const long = digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits;
  const bits = Number.parseInt(long, 16);
  return [bits >>> 16, (bits >>> 8) & 255, bits & 255];
}
