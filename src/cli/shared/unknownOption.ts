/** Advice for an option that a command does not have. */
import type { Command } from 'commander';
import { nearestName } from '../../check/nearestName.ts';
import { configTable } from '../../config/config.ts';

/** Commander's message: the option, the value that was joined to it by =, and commander's own suggestion. */
const unknownOption = /^unknown option '(--[^'=]*)(?:=[^']*)?'(; did you mean .*)?$/s;

/**
 * Adds the nearest option to commander's message for an unknown option, and returns other messages unchanged.
 * Commander compares the whole word, so that it finds no suggestion for `--labls=graph`. For a config key that was
 * typed as an option, the message shows the use of `--set`, if the command has that option.
 */
export function withNearestOption(message: string, command: Command): string {
  const found = unknownOption.exec(message);
  if (found === null) return message;
  const [, flag, suggestion = ''] = found;
  const text = `unknown option '${flag}'`;
  const options = command.options.flatMap(({ long }) => (long ? [long] : []));
  const key = configTable.find((row) => row.key.toLowerCase() === flag.replaceAll('-', '').toLowerCase())?.key;
  if (key !== undefined && options.includes('--set')) return `${text}; use --set ${key}=VALUE`;
  if (suggestion !== '') return `${text}${suggestion}`;
  const nearest = nearestName(flag, options);
  return nearest === null ? text : `${text}; did you mean ${nearest}?`;
}
