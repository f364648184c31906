/**
 * The HTTP side of the gateway: limits and checks that come before a request is understood. The body of a request that
 * is refused is not received.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { parseJson } from '../../check/parseJson.ts';
import { type Identity, identityOf, networkOf, type Tokens } from './identity.ts';
import { openRates, type Rate } from './rates.ts';

/** Limits of the server. Times in ms, sizes in bytes. */
export interface Limits {
  readonly rate: Rate;
  /** Largest body of a result. */
  readonly resultBytes: number;
  /** Time for the headers, and for a whole request. */
  readonly headersMs: number;
  readonly requestMs: number;
  readonly connections: number;
  /** Time in which the queue must answer. */
  readonly answerMs: number;
  /** Bodies that are received at the same time, in all and of one network. */
  readonly bodies: number;
  readonly bodiesOfNetwork: number;
}

/** The largest of 118 results of studies has 8.7 kB. All bodies at the same time are at most 16 MB. */
export const standardLimits: Limits = {
  ...{ rate: { burst: 120, perSecond: 20 }, resultBytes: 256_000, headersMs: 10_000, requestMs: 60_000 },
  ...{ connections: 4000, answerMs: 10_000, bodies: 64, bodiesOfNetwork: 16 },
};

/** Most bytes of the request for a job. */
const LEASE_BYTES = 1000;

export interface Answer {
  readonly status: number;
  readonly body?: object;
  /** Seconds after which the client may ask again. */
  readonly retry?: number;
}

export interface Route {
  /** Whether the request must name a lease. */
  readonly lease: boolean;
  /** Most bytes of its body. */
  readonly bytes: (limits: Limits) => number;
  /** Answers from the headers alone; null if the body is needed. */
  before?(identity: Identity, lease: string): Promise<Answer | null>;
  run(identity: Identity, lease: string, body: unknown): Promise<Answer>;
}

export const leaseBytes = (): number => LEASE_BYTES;
export const resultBytes = (limits: Limits): number => limits.resultBytes;

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  /** Origins of pages that may use the gateway. */
  readonly origins: readonly string[];
  /** Whether a program on this machine passes requests on, and names the address in `X-Forwarded-For`. */
  readonly proxy: boolean;
  readonly tokens: Tokens | null;
  readonly limits: Limits;
  readonly routes: Readonly<Record<string, Route>>;
  readonly nowMs: () => number;
}

/** A refusal with a message that helps who wrote the client. */
export const refusal = (status: number, error: string, retry?: number): Answer => ({
  status,
  body: { error: `gateway: ${error}` },
  ...(retry !== undefined && { retry }),
});

const loopback = (address: string): boolean => /^(::ffff:)?127\.|^::1$/.test(address);

function addressOf(request: IncomingMessage, proxy: boolean): string {
  const direct = request.socket.remoteAddress ?? '';
  if (!proxy || !loopback(direct)) return direct;
  // The last address is the one that the own proxy has seen. Those before it are a client's text.
  const named = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .at(-1)
    ?.trim();
  return named !== undefined && isIP(named) > 0 ? named : direct;
}

/** The body; null if it is larger than `most`. */
async function readBody(request: IncomingMessage, most: number): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let bytes = 0;
  // At the end of the loop the connection must stay open for the answer.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += (part as Buffer).length;
    if (bytes > most) return null;
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

const silent = refusal(503, 'the queue does not answer; send it again later', 30);

/** The answer, or that there is none after `ms`: commands wait while Redis is away, and clients must not. */
function inTime<T>(work: Promise<T>, ms: number): Promise<T | Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(silent), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Listens until it is closed. */
export async function openServer(options: ServerOptions) {
  const { origins, proxy, tokens, limits, routes } = options;
  const takeOne = openRates(limits.rate, options.nowMs);
  let bodies = 0;
  const bodiesOf = new Map<string, number>();

  /** Receives a body within the limits of this process, and calls the route with it. */
  const withBody = async (request: IncomingMessage, network: string, most: number): Promise<Answer | unknown[]> => {
    const own = bodiesOf.get(network) ?? 0;
    if (bodies >= limits.bodies || own >= limits.bodiesOfNetwork) {
      return refusal(503, 'too many results arrive at the same time; send it again later', 5);
    }
    bodies++;
    bodiesOf.set(network, own + 1);
    try {
      const bytes = await readBody(request, most);
      if (bytes === null) return refusal(413, `the body must have at most ${most} bytes, got more`);
      return [bytes.length === 0 ? null : parseJson(bytes.toString())];
    } catch {
      return refusal(400, 'the body must be JSON, got another text');
    } finally {
      bodies--;
      const left = (bodiesOf.get(network) ?? 1) - 1;
      if (left > 0) bodiesOf.set(network, left);
      else bodiesOf.delete(network);
    }
  };

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const address = addressOf(request, proxy);
    const network = networkOf(address);
    const wait = takeOne(network);
    if (wait > 0) return refusal(429, 'too many requests; wait', wait);
    const origin = request.headers.origin;
    if (origin !== undefined && !origins.includes(origin)) {
      return refusal(403, 'pages of this origin may not use the gateway; its operator can add it with --origin');
    }
    if (request.method === 'OPTIONS') return { status: 204 };
    if (request.method !== 'POST') return refusal(405, 'the method must be POST');
    const path = request.url ?? '';
    if (!Object.hasOwn(routes, path)) return refusal(404, `the path must be ${Object.keys(routes).join(', ')}`);
    const route = routes[path];
    if (!/^application\/json(;|$)/.test(request.headers['content-type'] ?? '')) {
      return refusal(415, 'the content type must be application/json');
    }
    const identity = identityOf(address, request.headers.authorization, tokens);
    if (identity === null) return refusal(401, 'the token is missing or unknown; ask the operator for one');
    const lease = request.headers['x-unbraid-lease'] ?? '';
    if (route.lease && (typeof lease !== 'string' || !/^[0-9a-f]{32}$/.test(lease))) {
      return refusal(403, 'the lease must be one of this gateway');
    }
    const early = route.before && (await inTime(route.before(identity, String(lease)), limits.answerMs));
    if (early) return early;
    const most = route.bytes(limits);
    if (Number(request.headers['content-length'] ?? 0) > most) {
      return refusal(413, `the body must have at most ${most} bytes, got more`);
    }
    const body = await withBody(request, network, most);
    if (!Array.isArray(body)) return body as Answer;
    return inTime(route.run(identity, String(lease), body[0]), limits.answerMs);
  };

  const send = (request: IncomingMessage, response: ServerResponse, { status, body, retry }: Answer): void => {
    const origin = request.headers.origin;
    const headers: Record<string, string> = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
    if (origin !== undefined && origins.includes(origin)) {
      headers['Access-Control-Allow-Origin'] = origin;
      headers.Vary = 'Origin';
      headers['Access-Control-Expose-Headers'] = 'Retry-After';
      if (request.method === 'OPTIONS') {
        headers['Access-Control-Allow-Methods'] = 'POST';
        headers['Access-Control-Allow-Headers'] = 'Authorization, Content-Type, X-Unbraid-Lease';
        headers['Access-Control-Max-Age'] = '600';
        headers['Access-Control-Allow-Private-Network'] = 'true';
      }
    }
    if (retry !== undefined) headers['Retry-After'] = String(retry);
    if (status === 405) headers.Allow = 'POST';
    // The rest of a body that was refused is not received.
    if (!request.complete) {
      const { socket } = request;
      headers.Connection = 'close';
      response.on('finish', () => socket?.destroy());
    }
    if (body) headers['Content-Type'] = 'application/json';
    response.writeHead(status, headers).end(body && JSON.stringify(body));
  };

  const server = createServer({ connectionsCheckingInterval: 1000, maxHeaderSize: 8192 }, (request, response) => {
    // The client may close the connection at any time.
    request.on('error', () => {});
    response.on('error', () => {});
    answer(request)
      .catch(() => silent)
      .then((found) => send(request, response, found))
      .catch(() => request.destroy());
  });
  server.headersTimeout = limits.headersMs;
  server.requestTimeout = limits.requestMs;
  server.keepAliveTimeout = 5000;
  server.maxConnections = limits.connections;
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(options.port, options.host, () => resolve()),
  );
  return {
    port: (server.address() as AddressInfo).port,
    async close(): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
