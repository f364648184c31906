/** Keys of the network and of texts. */
import { flag, integer, later } from './rows.ts';

export const networkKeys = {
  tokenWidth: integer(12, { min: 1 }, 'channels', 'width of a token embedding'),
  matchWidth: integer(
    16,
    { min: 1 },
    'channels',
    'width of the queries and keys that match action tokens with state tokens',
  ),
  hidden: integer(64, { min: 1 }, 'channels', 'width of the hidden layer'),
  embedding: integer(32, { min: 1 }, 'channels', 'width of the embedding e(s, a), which all heads read'),
  layerNorm: later(flag(false, 'a layer norm on the hidden layer before its activation')),
  blocks: integer(0, { min: 0, max: 4 }, 'blocks', 'self-attention blocks over the state'),
  heads: integer(2, { min: 1 }, 'heads', 'attention heads per block'),
  vocabularySize: integer(2000, { min: 2 }, 'words', 'largest number of words in a text vocabulary'),
  vocabularyEpisodes: integer(20, { min: 1 }, 'episodes', 'random episodes from which a text vocabulary is built'),
  maxStateTokens: integer(
    48,
    { min: 1 },
    'tokens',
    'most tokens kept of an observation in text, including the last action',
  ),
  maxActionTokens: integer(
    24,
    { min: 2 },
    'tokens',
    'most tokens kept of an action in text, including the sentence of the observation about it',
  ),
  history: later(
    integer(
      0,
      { min: 0, max: 64 },
      'steps',
      'earlier observations and actions of the episode that a state in text contains; each has up to maxStateTokens tokens',
    ),
  ),
} as const;
