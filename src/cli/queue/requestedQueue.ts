/** The queue that the options of a command name. */
import type { CommandShell, Host } from '../shared/commandShell.ts';
import type { JobExecutor } from '../study/executor.ts';
import { notePassword, type QueueRequest, queueAddress } from './address.ts';

/** @throws a usage error if the queue has no address or cannot be used */
export async function openRequestedQueue(
  caller: string,
  { note }: Pick<CommandShell, 'note'>,
  { env }: Pick<Host, 'env'>,
  request: QueueRequest,
): Promise<JobExecutor> {
  const address = queueAddress(caller, request, env);
  if (typeof request === 'string') notePassword(request, note);
  // Loaded here, because few commands use a queue.
  const { openQueueExecutor } = await import('./queueExecutor.ts');
  return openQueueExecutor(caller, address, note);
}
