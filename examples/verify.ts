/** Records a run in memory and verifies it: without a file system, in any runtime. */
import { train, verify } from 'unbraid';
import { recordRun } from 'unbraid/record';

const config = { env: 'household', iterations: 2, evalEpisodes: 20, coldStartUpdates: 10 };
const recorder = recordRun(config);
const outcome = await train(config, recorder.hooks);
const files = recorder.files(outcome);
console.log([...files.keys()].filter((path) => !path.includes('/')).join(', '));

const honest = await verify(files);
console.log('equal:', honest.equal, 'with hash', honest.hash.slice(0, 8));

// One changed letter is found before anything is trained.
const result = new TextDecoder().decode(files.get('result.json')).replace('"seed": 1', '"seed": 2');
const changed = new Map(files).set('result.json', new TextEncoder().encode(result));
console.log((await verify(changed)).first);

// A receipt is enough to check the numbers of someone else.
console.log('equal by the receipt alone:', (await verify(outcome.receipt)).equal);

// Output:
// config.json, metrics.jsonl, latest.json, coupling-start.json, coupling-end.json, result.json, receipt.json
// equal: true with hash 1c9999b5
// {
//   file: 'result.json',
//   message: 'result.json does not match its hash in receipt.json'
// }
// equal by the receipt alone: true
