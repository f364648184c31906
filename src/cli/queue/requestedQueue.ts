/** The queue that the options of a command name. */
import type { Host } from '../shared/commandShell.ts';
import type { JobExecutor } from '../study/executor.ts';
import { notePassword, type QueueRequest, queueAddress } from './address.ts';
import type { QueueExecutorOptions } from './queueExecutor.ts';

/** @throws a usage error if the queue has no address or cannot be used */
export async function openRequestedQueue(
  caller: string,
  env: Host['env'],
  request: QueueRequest,
  how: QueueExecutorOptions,
): Promise<JobExecutor> {
  const address = queueAddress(caller, request, env);
  if (typeof request === 'string') notePassword(request, how.note);
  // Loaded here, because few commands use a queue.
  const { openQueueExecutor } = await import('./queueExecutor.ts');
  return openQueueExecutor(caller, address, how);
}
