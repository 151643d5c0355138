// What every server of a world does when it begins to listen, whatever it speaks.
import type { AddressInfo, Server } from 'node:net';
import { messageOf, RunbookError } from '../../errors.ts';

interface ListenOptions {
  /** A loopback address. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Where the port is taken: any free one. */
  readonly fallBack: boolean;
}

/** @returns the port. @throws RunbookError E_DRILL_PORT */
export async function listenOn(server: Server, { host, port, fallBack }: ListenOptions): Promise<number> {
  const listen = (wanted: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  try {
    await listen(port).catch((error: unknown) => {
      if (!fallBack || port === 0) throw error;
      return listen(0);
    });
  } catch (cause) {
    throw new RunbookError({
      code: 'E_DRILL_PORT',
      message: `Cannot listen on ${host}:${port}: ${messageOf(cause)}`,
      hint: 'Name another port, or none.',
      cause,
    });
  }
  return (server.address() as AddressInfo).port; // A TCP server that listens has one.
}

export function urlOf(scheme: string, host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
