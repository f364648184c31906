/** A TCP proxy that passes bytes on, holds them back, or cuts all connections: a network that fails. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface StallingProxy {
  readonly port: number;
  /** Holds all bytes back until `release`. */
  stall(): void;
  release(): void;
  /** Ends all connections. New ones are accepted. */
  cut(): void;
  close(): void;
}

export async function openStallingProxy(target: number): Promise<StallingProxy> {
  const sockets = new Set<Socket>();
  let stalled = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    if (stalled) socket.pause();
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((incoming) => {
    const outgoing = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ]) {
      keep(from);
      from.on('data', (bytes) => to.write(bytes));
      from.on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    stall() {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    release() {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    cut,
    close() {
      cut();
      server.close();
    },
  };
}
