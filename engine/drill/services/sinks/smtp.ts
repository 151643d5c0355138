// A mail server that keeps what it gets and delivers nothing.
import type { Socket } from 'node:net';
import type { WorldContext } from '../../context.ts';
import type { ServiceDefinition } from '../service.ts';
import { createSmtpSession, GREETING, MAX_MAIL_BYTES, type Mail } from './smtp-session.ts';

/** A line without an end is no mail client's: a mail's own lines have 1,000 characters at most (RFC 5321, 4.5.3.1.6). */
const MAX_LINE_BYTES = MAX_MAIL_BYTES;

export const smtpService: ServiceDefinition = {
  name: 'smtp',
  isIn: ({ world }) => world.services.smtp !== undefined,
  create: (context) => ({ name: 'smtp', onConnection: (socket) => converse(socket, context) }),
  env: ({ url }) => ({ SMTP_URL: url('smtp') }),
};

function converse(socket: Socket, context: WorldContext): void {
  const session = createSmtpSession((mail) => keep(context, mail));
  let rest = '';
  socket.setEncoding('latin1'); // A byte a character; the session turns a mail's text into UTF-8 as a whole.
  socket.write(GREETING);
  socket.on('data', (chunk: Buffer | string) => {
    rest += chunk.toString();
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end).replace(/\r$/, '');
      rest = rest.slice(end + 1);
      const reply = session.line(line);
      if (reply.text !== undefined) socket.write(reply.text);
      if (reply.end === true) {
        socket.end();
        return;
      }
    }
    if (rest.length > MAX_LINE_BYTES) socket.destroy();
  });
}

function keep(context: WorldContext, { from, to, data }: Mail): void {
  const [head = '', ...body] = data.split('\r\n\r\n');
  const subject =
    /^Subject:[ \t]*(.*(?:\r\n[ \t].*)*)/im.exec(head)?.[1]?.replaceAll(/\r\n[ \t]+/g, ' ') ?? '(no subject)';
  context.commit({
    type: 'message.received',
    at: context.clock.now(),
    sink: 'smtp',
    about: subject,
    text: `From: ${from}\nTo: ${to.join(', ')}\n\n${body.join('\r\n\r\n')}`,
  });
}
