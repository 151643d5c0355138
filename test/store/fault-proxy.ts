// Stands between a client and PostgreSQL and cuts the connection where it is told to, as a network would.

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface FaultProxy {
  readonly port: number;
  /** All that clients sent, as text, without what passwords are made of: only what follows the log-in. */
  readonly sent: () => string;
  /**
   * Cuts the connection that next sends `text`, once. `before`: the server never sees it. `after`: the server sees it and
   * answers, and nobody hears the answer. `silent`: the server sees neither it nor the end of the connection, as when a laptop dies.
   */
  cutAt(text: string, when: 'before' | 'after' | 'silent'): void;
  /** Cuts every connection that sends this, from now on. */
  refuse(text: string): void;
  readonly cuts: () => number;
  close(): Promise<void>;
}

export async function startFaultProxy(serverPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const log: string[] = [];
  let plan: { readonly text: string; readonly when: 'before' | 'after' | 'silent' } | null = null;
  let refused: string | null = null;
  let cuts = 0;
  const server: Server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    let isCut = false;
    upstream.on('data', (bytes) => {
      if (!isCut) client.write(bytes);
    });
    upstream.on('close', () => client.destroy());
    client.on('close', () => {
      if (!isCut) upstream.destroy();
    });
    client.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      log.push(text);
      const due = plan !== null && text.includes(plan.text) ? plan : null;
      const isRefused = refused !== null && text.includes(refused);
      if (due === null && !isRefused) {
        upstream.write(bytes);
        return;
      }
      cuts += 1;
      isCut = true;
      plan = null;
      if (due?.when === 'after') {
        // The end follows what was sent: the server works it off before it notices that nobody is there.
        upstream.end(bytes);
      } else if (due?.when !== 'silent') upstream.destroy();
      client.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port');
  return {
    port: address.port,
    sent: () => log.join(''),
    cutAt(text, when) {
      plan = { text, when };
    },
    refuse(text) {
      refused = text;
    },
    cuts: () => cuts,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
