// One conversation of RFC 5321, as a mail client needs it: EHLO, AUTH (RFC 4954, PLAIN and LOGIN, any credentials), MAIL,
// RCPT, DATA with dot-stuffing, RSET, NOOP, QUIT. Pure: lines in, replies out. No TLS: it listens on loopback alone.

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** Header and body, lines ended by CRLF, dots taken off. */
  readonly data: string;
}

export interface SmtpSession {
  /** @param line Without its CRLF. */
  line(line: string): SmtpReply;
}

export interface SmtpReply {
  /** What to send back; nothing while a mail's text goes on. */
  readonly text?: string;
  readonly end?: boolean;
}

/** SIZE (RFC 1870): what a message may hold. */
export const MAX_MAIL_BYTES = 1024 * 1024;
/** RFC 5321, 4.5.3.1.8: at least 100 must be taken. */
const MAX_RECIPIENTS = 100;
export const GREETING = '220 mail.drill.localhost ESMTP drill\r\n';

type Mode = 'command' | 'auth' | 'auth-login-user' | 'auth-login-password' | 'data';

/** @param take Keeps a mail; it returns before the client is told so. */
export function createSmtpSession(take: (mail: Mail) => void): SmtpSession {
  let mode: Mode = 'command';
  let greeted = false;
  let from: string | undefined;
  let to: string[] = [];
  let lines: string[] = [];
  let sizeBytes = 0;

  const reset = (): void => {
    from = undefined;
    to = [];
    lines = [];
    sizeBytes = 0;
  };
  const reply = (text: string): SmtpReply => ({ text: `${text}\r\n` });

  const dataLine = (line: string): SmtpReply => {
    if (line !== '.') {
      const text = line.startsWith('.') ? line.slice(1) : line; // RFC 5321, 4.5.2
      sizeBytes += Buffer.byteLength(text, 'latin1') + 2;
      if (sizeBytes <= MAX_MAIL_BYTES) lines.push(text);
      return {};
    }
    mode = 'command';
    const isTooBig = sizeBytes > MAX_MAIL_BYTES;
    if (!isTooBig) take({ from: from ?? '', to, data: Buffer.from(lines.join('\r\n'), 'latin1').toString('utf8') });
    reset();
    return isTooBig ? reply('552 5.3.4 Message too big') : reply('250 2.0.0 Ok: queued');
  };

  const mailFrom = (rest: string): SmtpReply => {
    const match = /^FROM:\s*<([^>]*)>(.*)$/i.exec(rest);
    if (!greeted) return reply('503 5.5.1 Say EHLO first');
    if (from !== undefined) return reply('503 5.5.1 Nested MAIL command');
    if (match === null) return reply('501 5.1.7 Bad sender address');
    const size = /\bSIZE=(\d+)/i.exec(match[2] ?? '')?.[1];
    if (size !== undefined && Number(size) > MAX_MAIL_BYTES) return reply('552 5.3.4 Message too big');
    from = match[1] ?? '';
    return reply('250 2.1.0 Ok');
  };

  const rcptTo = (rest: string): SmtpReply => {
    const address = /^TO:\s*<([^>]+)>/i.exec(rest)?.[1];
    if (from === undefined) return reply('503 5.5.1 MAIL first');
    if (address === undefined) return reply('501 5.1.3 Bad recipient address');
    if (to.length >= MAX_RECIPIENTS) return reply('452 4.5.3 Too many recipients');
    to.push(address);
    return reply('250 2.1.5 Ok');
  };

  const authenticate = (rest: string): SmtpReply => {
    const [mechanism = '', initial] = rest.split(' ');
    if (mechanism.toUpperCase() === 'PLAIN') {
      if (initial !== undefined) return reply('235 2.7.0 Authentication successful');
      mode = 'auth';
      return reply('334 ');
    }
    if (mechanism.toUpperCase() !== 'LOGIN') return reply('504 5.5.4 Unknown mechanism');
    mode = initial === undefined ? 'auth-login-user' : 'auth-login-password';
    return reply(initial === undefined ? '334 VXNlcm5hbWU6' : '334 UGFzc3dvcmQ6'); // "Username:", "Password:" in base64
  };

  const command = (line: string): SmtpReply => {
    const [, verb = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
    switch (verb.toUpperCase()) {
      case 'EHLO':
        greeted = true;
        reset();
        return reply(`250-mail.drill.localhost\r\n250-SIZE ${MAX_MAIL_BYTES}\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN`);
      case 'HELO':
        greeted = true;
        reset();
        return reply('250 mail.drill.localhost');
      case 'AUTH':
        return greeted ? authenticate(rest) : reply('503 5.5.1 Say EHLO first');
      case 'MAIL':
        return mailFrom(rest);
      case 'RCPT':
        return rcptTo(rest);
      case 'DATA':
        if (to.length === 0) return reply('503 5.5.1 RCPT first');
        mode = 'data';
        return reply('354 End data with <CR><LF>.<CR><LF>');
      case 'RSET':
        reset();
        return reply('250 2.0.0 Ok');
      case 'NOOP':
        return reply('250 2.0.0 Ok');
      case 'QUIT':
        return { ...reply('221 2.0.0 Bye'), end: true };
      default:
        return reply('502 5.5.2 Command not recognized');
    }
  };

  return {
    line: (line) => {
      switch (mode) {
        case 'data':
          return dataLine(line);
        case 'auth-login-user':
          mode = 'auth-login-password';
          return reply('334 UGFzc3dvcmQ6');
        case 'auth':
        case 'auth-login-password':
          mode = 'command';
          return line === '*' ? reply('501 5.7.0 Cancelled') : reply('235 2.7.0 Authentication successful');
        case 'command':
          return command(line);
        default:
          return mode satisfies never;
      }
    },
  };
}
