/** A drawing as data for the trainer, and the module that the command trains on. */
import { createArena } from 'unbraid';
import { planeNetwork } from '../../plane/network.ts';
import type { Scene } from '../../plane/scene.ts';
import { fileName } from './command.ts';
// biome-ignore lint/correctness/useImportExtensions: the text of the file, not the module.
import source from './drawnEnvironment.js?raw';

export interface DrawnState {
  readonly right: number;
  readonly frequency: number;
  readonly heldOut: boolean;
  readonly observation: readonly number[];
}

export interface Drawing {
  readonly name: string;
  /** Differs between drawings, so that records of runs tell them apart. */
  readonly version: string;
  readonly states: readonly DrawnState[];
}

/**
 * The trainer reads a state as the network of the page does: as the Fourier features of its place, or as the place
 * itself, scaled like the first layer of the MLP, with a constant.
 */
export async function drawingOf({ states, network, seed }: Scene): Promise<Drawing> {
  const { vectorOf } = planeNetwork(await createArena(), network, seed, 1);
  const drawn = states.map(({ x, y, right, frequency, trained }) => ({
    ...{ right, frequency, heldOut: !trained },
    observation: network === 'fourier' ? Array.from(vectorOf(x, y)) : [3 * x, 3 * y, 1],
  }));
  return { name: 'drawing', version: shortHash(JSON.stringify(drawn)), states: drawn };
}

/** FNV-1a of a text as eight hexadecimal digits. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** The module: its data, the environment, and a program that plays it for the command. */
export function moduleOf(drawing: Drawing): string {
  const states = drawing.states.map((state) => `    ${JSON.stringify(state)},`).join('\n');
  return `/**
 * A drawing of the unbraid canvas. With Node 20 or newer:
 *
 *     unbraid train --env "exec:node ${fileName}" --policy mlp --cold-start 0
 *
 * In a program of your own: train(config, { environment: drawing }) with the default export of this file.
 */
const drawing = {
  name: ${JSON.stringify(drawing.name)},
  version: ${JSON.stringify(drawing.version)},
  states: [
${states}
  ],
};

${source}
export default () => drawnEnvironment(drawing);

// Started as a program, not imported.
const own = decodeURIComponent(new URL(import.meta.url).pathname).split('/').at(-1);
if (globalThis.process?.argv[1]?.split(/[\\\\/]/).at(-1) === own) await serve(() => drawnEnvironment(drawing));
`;
}
