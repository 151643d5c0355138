// Sends mails over few connections, used again one after the other.
import { RequestFailure } from '../../http/exchange.ts';
import { type Accepted, type Connection, type Envelope, openConnection } from './connection.ts';
import type { MailServer } from './server-url.ts';

/** Servers close a connection after so many mails or some time; before that it is closed here. */
const MAILS_PER_CONNECTION = 50;

export interface Mailer {
  /** Only inside a change. @throws RequestFailure */
  send(envelope: Envelope, message: Buffer, signal: AbortSignal): Promise<Accepted>;
  close(): void;
}

interface Used {
  readonly connection: Connection;
  mails: number;
}

export function createMailer(server: MailServer): Mailer {
  const idle: Used[] = [];
  let isClosed = false;

  const sendOver = async (used: Used, envelope: Envelope, message: Buffer, signal: AbortSignal): Promise<Accepted> => {
    const accepted = await used.connection.send(envelope, message, signal);
    used.mails += 1;
    if (isClosed || used.mails >= MAILS_PER_CONNECTION) used.connection.close();
    else idle.push(used);
    return accepted;
  };
  const open = async (signal: AbortSignal): Promise<Used> => ({
    connection: await openConnection(server, signal),
    mails: 0,
  });

  return {
    async send(envelope, message, signal) {
      const waiting = idle.pop();
      if (waiting === undefined) return sendOver(await open(signal), envelope, message, signal);
      try {
        return await sendOver(waiting, envelope, message, signal);
      } catch (thrown) {
        // The server may have closed it meanwhile: what certainly did not leave goes over a new one.
        const isStale = thrown instanceof RequestFailure && thrown.fate === 'not-happened' && thrown.isTransient;
        if (!isStale || signal.aborted) throw thrown;
        return sendOver(await open(signal), envelope, message, signal);
      }
    },
    close() {
      isClosed = true;
      for (const { connection } of idle.splice(0)) connection.close();
    },
  };
}
