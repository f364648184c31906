/**
 * Two rooms in text: the key is in one of them, and its room is told. With `tokens` in the config the same in tokens
 * form.
 */
import type { CustomTextEnvironment } from '../../../src/env/custom.ts';

const rooms = ['kitchen', 'cellar'];

export default function textRooms(): CustomTextEnvironment {
  let key = 0;
  const actions = rooms.map((room) => `go to the ${room}`);
  return {
    spec: { name: 'rooms', version: '3', form: 'text', maxSteps: 2 },
    async reset({ seed }) {
      key = seed % 2;
      return { observation: `The key is in the ${rooms[key]}.`, info: { admissibleActions: actions } };
    },
    async step(action) {
      return { observation: 'You look around.', reward: action === key ? 1 : -0.5, terminated: true };
    },
  };
}
