/** A duration in words: `40 seconds`, `3 minutes`. */
export function durationWords(seconds: number): string {
  if (seconds < 1.5) return 'a second';
  if (seconds < 90) return `${Math.ceil(seconds)} seconds`;
  const minutes = seconds / 60;
  return minutes < 90 ? `${Math.ceil(minutes)} minutes` : `${(minutes / 60).toFixed(1)} hours`;
}
