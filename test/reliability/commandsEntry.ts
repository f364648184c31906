/** A process that executes command lines one after the other, about 20 times as fast as one process per command. */
import { realUnbraid } from '../cli/realRun.ts';
import type { Answer, Call } from './commands.ts';

process.on('message', ({ args }: Call) => {
  realUnbraid(...args).then(({ code, stdout, stderr }) => {
    const answer: Answer = { code, stdout, stderr, maxRssKb: process.resourceUsage().maxRSS };
    process.send?.(answer);
  });
});
