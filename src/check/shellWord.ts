/** A word of a command line as a shell reads it: in quotes if it has characters that a shell changes. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
