// One conversation with a mail server, over nodemailer's SMTP client. It says of a failure whether the mail can have been
// taken: nothing is before the server was given its text, and no gate watches these sockets, so they are opened only inside
// a change.
import { Readable } from 'node:stream';
import type { NodemailerError } from 'nodemailer/lib/errors';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import { messageOf } from '../../../engine/action.ts';
import { RequestFailure } from '../../http/exchange.ts';
import type { MailServer } from './server-url.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const GREETING_TIMEOUT_MS = 10_000;
/** RFC 5321, 4.5.3.2 allows minutes; a responder has none. */
const IDLE_TIMEOUT_MS = 30_000;

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

/** Taken by the server, for some or all of the envelope. */
export interface Accepted {
  readonly rejected: readonly { readonly address: string; readonly why: string }[];
}

export interface Connection {
  /** One mail at a time. @throws RequestFailure, after which the connection is closed. */
  send(envelope: Envelope, message: Buffer, signal: AbortSignal): Promise<Accepted>;
  close(): void;
}

/** @throws RequestFailure: nothing was sent. */
export async function openConnection(server: MailServer, signal: AbortSignal): Promise<Connection> {
  const { default: Client } = await import('nodemailer/lib/smtp-connection');
  const { host, port, isTlsFromStart, requiresTls, isLoopback, auth } = server;
  const client = new Client({
    host,
    port,
    secure: isTlsFromStart,
    requireTLS: requiresTls && !isTlsFromStart,
    // On this machine alone, where a certificate would prove nothing; or because the address says so.
    ignoreTLS: !requiresTls && !isTlsFromStart,
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: !isLoopback },
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: IDLE_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
  });
  // What goes wrong between two mails shows at the next one.
  client.on('error', () => undefined);
  try {
    await settled(client, signal, (done) => client.connect((error) => done(error ?? null)));
    if (auth !== undefined) {
      await settled(client, signal, (done) =>
        client.login({ user: auth.user, pass: auth.pass }, (error) => done(error)),
      );
    }
  } catch (thrown) {
    client.close();
    throw failureOf(thrown, server, false);
  }
  return {
    send: (envelope, message, abort) => sendMail(client, server, { envelope, message, abort }),
    close: () => client.close(),
  };
}

interface Sending {
  readonly envelope: Envelope;
  readonly message: Buffer;
  readonly abort: AbortSignal;
}

async function sendMail(client: SMTPConnection, server: MailServer, sending: Sending): Promise<Accepted> {
  const { envelope, message, abort } = sending;
  let isTextGiven = false;
  // Read only when the server has said that it may come.
  const text = Readable.from(
    (function* () {
      isTextGiven = true;
      yield message;
    })(),
    { objectMode: false },
  );
  try {
    let rejected: Accepted['rejected'] = [];
    await settled(client, abort, (done) =>
      client.send({ from: envelope.from, to: [...envelope.to], size: message.length }, text, (error, info) => {
        rejected = (info?.rejectedErrors ?? []).map((one) => ({ address: one.recipient ?? '', why: saidBy(one) }));
        done(error);
      }),
    );
    return { rejected };
  } catch (thrown) {
    text.destroy();
    client.close();
    throw failureOf(thrown, server, isTextGiven);
  }
}

/** Resolves when nodemailer calls back; rejects with its error, with one that it only emits, or where the change is cut off. */
function settled(
  client: SMTPConnection,
  signal: AbortSignal,
  start: (done: (error: Error | null) => void) => void,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      client.removeListener('error', onError);
      settle();
    };
    const onError = (error: Error): void => end(() => reject(error));
    const onAbort = (): void => {
      client.close();
      end(() => reject(new Error('it was cut off', { cause: signal.reason })));
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    client.on('error', onError);
    start((error) => end(() => (error === null ? resolve() : reject(error))));
  });
}

function failureOf(thrown: unknown, { name }: MailServer, isTextGiven: boolean): RequestFailure {
  const error: Partial<NodemailerError> = thrown instanceof Error ? thrown : {};
  const { responseCode, command, code } = error;
  // A reply to a command of ours, or to the text itself, is a refusal; one before the connection broke off may be.
  const isRefused = responseCode !== undefined && (command !== 'CONN' || !isTextGiven);
  const fate = isTextGiven && !isRefused ? 'unknown' : 'not-happened';
  // RFC 5321, 4.2.1: 4yz may go well later, 5yz will not. Without a reply it was the network, or TLS and log-in, which stay.
  const isTransient = responseCode === undefined ? code !== 'ETLS' && code !== 'EAUTH' : responseCode < 500;
  const what = fate === 'unknown' ? 'was given the mail, and its answer was lost' : 'did not take the mail';
  return new RequestFailure(`The mail server ${name} ${what}: ${saidBy(thrown)}`, { fate, isTransient, cause: thrown });
}

function saidBy(thrown: unknown): string {
  return messageOf(thrown).replace(/\s+/g, ' ').trim().slice(0, 300);
}
