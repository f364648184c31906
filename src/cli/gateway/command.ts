/** `unbraid gateway`: serves jobs of a queue to browsers. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { notePassword, type QueueRequest, queueAddress, queueOption, withoutPassword } from '../queue/address.ts';
import { integerFrom, numberFrom } from '../shared/arguments.ts';
import { type CommandShell, type Host, run } from '../shared/commandShell.ts';
import { helpSections } from '../shared/help.ts';
import type { JobEngine } from '../study/jobCommand.ts';
import { wideOption } from '../width/wideOption.ts';

export type GatewayEngine = Pick<JobEngine, 'openJobRunner'>;

interface GatewayOptions {
  readonly queue?: QueueRequest;
  readonly port: number;
  readonly host: string;
  readonly origin: readonly string[];
  readonly proxy?: true;
  readonly tokens?: string;
  readonly spotCheck: number;
  readonly lease: number;
  readonly longest: number;
  readonly open: number;
}

/** Locks of 30 s: a job of a gateway that was killed continues elsewhere after at most 50 s. */
const locks = { lock: 30_000, stalled: 10_000 };

/** Time in ms for which the gateway waits for open leases at its end. */
const DRAIN_MS = 30_000;

const isLoopback = (host: string): boolean => /^127\.|^::1$|^localhost$/.test(host);

async function gatewayAction(
  shell: CommandShell,
  host: Host,
  load: () => Promise<GatewayEngine>,
  options: GatewayOptions,
): Promise<void> {
  const address = queueAddress('gateway', options.queue, host.env);
  if (typeof options.queue === 'string') notePassword(options.queue, shell.note);
  const { readTokens } = await import('./identity.ts');
  const tokens = options.tokens === undefined ? null : readTokens(options.tokens);
  const { loadQueueLibraries } = await import('../queue/libraries.ts');
  const { probeQueue } = await import('../queue/connection.ts');
  const { serveGateway } = await import('./gateway.ts');
  const { standardLimits } = await import('./server.ts');
  const libraries = await loadQueueLibraries();
  await probeQueue('gateway', libraries, address);
  const { openJobRunner } = await load();
  if (!isLoopback(options.host)) {
    shell.note(
      `gateway: ${options.host} is open to other machines, without TLS; put a server with TLS before it, and see docs/fleet-volunteers.md`,
    );
  }
  if (options.origin.length === 0) {
    shell.note('gateway: no page may use it; add the origin of your page, such as --origin https://example.org');
  }
  const name = `gateway-${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  const done = await serveGateway({
    ...{ libraries, address, name, tokens, locks, limits: standardLimits, drainMs: DRAIN_MS },
    ...{ host: options.host, port: options.port, origins: options.origin, proxy: options.proxy === true },
    ...{ spotCheck: options.spotCheck, leaseMs: options.lease * 1000, longest: options.longest, open: options.open },
    openRunner: () => openJobRunner(shell.kernels, 'shipped'),
    note: shell.note,
    onListening(port) {
      const who = tokens === null ? 'anyone' : `${tokens.size} tokens`;
      shell.note(
        `gateway: serves jobs of ${withoutPassword(address)} at http://${options.host}:${port} to ${who}; stop it with Ctrl-C`,
      );
    },
    signal: shell.signal,
  });
  shell.finish({ command: 'gateway', name, done }, `${done} jobs done by volunteers`);
}

/** Collects origins of pages. */
function parseOrigin(text: string, previous: readonly string[]): readonly string[] {
  if (URL.canParse(text) && new URL(text).origin === text) return [...previous, text];
  throw new InvalidArgumentError('It must be a scheme, a host and a port, such as https://example.org.');
}

export function addGatewayCommand(program: Command, host: Host, load: () => Promise<GatewayEngine>): void {
  const command = program
    .command('gateway')
    .summary('serve jobs of a queue to browsers of volunteers')
    .description(
      'Serve jobs of a queue to browsers of volunteers, until it is told to stop. A result counts when two identities sent it with equal bits, and one of them is trusted or was checked by a replay. An identity is a token of --tokens, or without that option the network of an address. Jobs that start programs are never served.',
    )
    .addOption(queueOption('take jobs from this Redis'))
    .option('--port <n>', 'port on which it listens', integerFrom(0, 65_535), 8090)
    .option('--host <address>', 'address on which it listens', '127.0.0.1')
    .option('--origin <origin>', 'origin of a page that may use it; can be repeated', parseOrigin, [])
    .option(
      '--proxy',
      'take the address of a client from X-Forwarded-For, as a server with TLS on this machine sets it',
    )
    .option('--tokens <file>', 'serve only clients with one of these tokens: JSON, name to {"sha256", "trusted"}')
    .option('--spot-check <share>', 'share of accepted jobs that the gateway replays itself', numberFrom(0, 1), 0.05)
    .option('--lease <seconds>', 'time in which a result must arrive', integerFrom(1, 86_400), 600)
    .option('--longest <seconds>', 'leave jobs with a longer estimate to workers', integerFrom(1), 300)
    .option('--open <n>', 'number of jobs that are offered at the same time', integerFrom(1, 10_000), 50)
    .addOption(wideOption())
    .addHelpText(
      'after',
      helpSections({
        examples: [
          'unbraid gateway --queue redis://127.0.0.1:6379 --origin http://127.0.0.1:4173',
          'unbraid gateway --tokens tokens.json --proxy --origin https://example.org --spot-check 0.1',
        ],
        next: 'Open the page /volunteer of the website, or a page of your own, with the address of the gateway.',
      }),
    );
  run(host, command, (shell, options: GatewayOptions) => gatewayAction(shell, host, load, options));
}
