// A server on loopback for a protocol that is not HTTP. As http/server.ts, without knowing what is spoken.
import { createServer, type Socket } from 'node:net';
import { listenOn, urlOf } from '../http/listen.ts';
import type { LoopbackServer } from '../http/server.ts';

interface TcpOptions {
  /** A loopback address: the HTTP servers of the same world listen on it already. */
  readonly host: string;
  /** 0: any free one. One that is taken falls back to any free one. */
  readonly port: number;
  /** Of the address: `smtp` gives smtp://127.0.0.1:2525. */
  readonly scheme: string;
}

/** @throws RunbookError E_DRILL_PORT */
export async function listenTcp(options: TcpOptions, onConnection: (socket: Socket) => void): Promise<LoopbackServer> {
  const { host, scheme } = options;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy()); // A client that went away.
    onConnection(socket);
  });
  const port = await listenOn(server, { host, port: options.port, fallBack: true });
  return {
    url: urlOf(scheme, host, port),
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
