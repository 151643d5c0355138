// A real SMTP conversation over TCP that goes wrong where a test says so.

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { createSmtpSession, GREETING, type Mail } from '../../../engine/drill/services/sinks/smtp-session.ts';

export interface MailServer {
  readonly url: string;
  readonly mails: readonly Mail[];
  /** Lines that clients sent, texts of mails aside. */
  readonly lines: readonly string[];
  readonly connections: () => number;
}

/** @param wrong For a line, or `.` after a mail's text: another reply; `cut` closes the connection in the place of it. */
export async function mailServer(
  wrong: (line: string, mails: number) => string | undefined = () => undefined,
): Promise<MailServer> {
  const mails: Mail[] = [];
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    const session = createSmtpSession((mail) => mails.push(mail));
    let rest = '';
    let isText = false;
    socket.setEncoding('latin1');
    socket.write(GREETING);
    socket.on('data', (chunk: Buffer | string) => {
      rest += chunk.toString();
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        const line = rest.slice(0, end).replace(/\r$/, '');
        rest = rest.slice(end + 1);
        if (!isText || line === '.') {
          if (!isText) lines.push(line);
          const other = wrong(line, mails.length);
          if (other !== undefined) {
            // What was said about a mail's text: it was taken all the same, where the connection is cut.
            if (other === 'cut') {
              session.line(line);
              socket.destroy();
              return;
            }
            if (line === '.') isText = false;
            socket.write(`${other}\r\n`);
            continue;
          }
        }
        const reply = session.line(line);
        if (reply.text?.startsWith('354') === true) isText = true;
        else if (line === '.') isText = false;
        if (reply.text !== undefined) socket.write(reply.text);
        if (reply.end === true) socket.end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  // A TCP server that listens has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  return { url: `smtp://127.0.0.1:${port}`, mails, lines, connections: () => connections };
}
