import { type ActionContext, type ChangeResult, defineAction, PermanentFailure } from '../../engine/action.ts';
import { RequestFailure } from '../http/exchange.ts';
import { type Letter, prepareLetters } from './email/letters.ts';
import { createMailer } from './email/mailer.ts';
import { parseSmtpUrl } from './email/server-url.ts';
import { asChangeFailure } from './message/deliver.ts';
import { DEFAULT_TEMPLATES, MESSAGE, SHOWN_INPUTS } from './message/inputs.ts';

/** No white space, no brackets, no list of several: nothing that could begin another header or recipient. */
const ADDRESS = {
  type: 'string',
  maxLength: 254, // RFC 5321, 4.5.3.1.3, less the angle brackets
  pattern: '^[^\\s@<>()\\[\\]\\\\,;:"\\u0000-\\u001f\\u007f]{1,64}@[^\\s@<>()\\[\\]\\\\,;:"\\u0000-\\u001f\\u007f]+$',
} as const;
const ONE_LINE = '^[^\\u0000-\\u001f\\u007f\\u2028\\u2029]*$';
const CONCURRENCY = 3;

export default defineAction({
  name: 'notify.email',
  title: 'Send e-mail',
  description: [
    'Sends a mail over SMTP, text and HTML. By default everybody gets one of their own, nobody sees the others, and each is',
    'one change: who was told stands in the ledger by address, and a step that is resumed goes on with the rest. With',
    '`together` it is one mail to all. SMTP knows no key by which a server would take a mail once only: one whose answer was',
    'lost is put before a person. A mail cannot be taken back.',
    'SMTP_URL is smtp://USER:PASSWORD@HOST:587 (STARTTLS, which must be had) or smtps://…:465.',
  ].join('\n'),
  effect: 'change',
  idempotent: false,
  input: {
    type: 'object',
    properties: {
      ...MESSAGE,
      to: {
        type: 'array',
        maxItems: 10_000,
        items: ADDRESS,
        description: 'Addresses',
      },
      recipients: {
        type: 'array',
        maxItems: 10_000,
        items: {
          type: 'object',
          properties: {
            email: ADDRESS,
            user: { type: 'string', minLength: 1, maxLength: 200, description: 'Whose it is, for the report' },
            name: { type: 'string', minLength: 1, maxLength: 200, pattern: ONE_LINE },
          },
          required: ['email'],
          additionalProperties: false,
        },
        description: 'The same with whose each is; templates read it as `recipient`. Beside `to`, or in its place',
      },
      together: {
        type: 'boolean',
        default: false,
        description: 'One mail, in which all of `to` see each other; for a team, never for users. At most 50 addresses',
      },
      cc: { type: 'array', maxItems: 50, items: ADDRESS, description: 'With `together` alone' },
      bcc: { type: 'array', maxItems: 50, items: ADDRESS, description: 'With `together` alone' },
      from: { ...ADDRESS, description: 'The sender; SMTP_FROM if absent' },
      fromName: {
        type: 'string',
        minLength: 1,
        maxLength: 100,
        pattern: ONE_LINE,
        description: 'What stands before the address of the sender',
      },
      replyTo: { ...ADDRESS, description: 'Where answers go' },
      subject: {
        type: 'string',
        minLength: 1,
        maxLength: 250,
        pattern: ONE_LINE,
        description: 'If absent the title, with what stage it is',
      },
      smtpUrl: {
        type: 'string',
        pattern: '^smtps?://',
        description: 'The mail server, where it is not SMTP_URL; may be a secret',
      },
    },
    required: ['title'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      sent: { type: 'integer', description: 'Mails that the server took' },
      told: { type: 'array', items: { type: 'string' }, description: 'Their addresses' },
      failed: {
        type: 'array',
        items: {
          type: 'object',
          properties: { email: { type: 'string' }, error: { type: 'string' } },
          required: ['email', 'error'],
          additionalProperties: false,
        },
        description: 'Addresses that were refused, and why',
      },
      left: {
        type: 'array',
        items: { type: 'string' },
        description: 'Not sent: protected, or a person said to leave them',
      },
      subject: { type: 'string' },
    },
    required: ['sent', 'told', 'failed', 'left', 'subject'],
    additionalProperties: false,
  },
  secrets: ['SMTP_URL'],
  env: ['SMTP_FROM'],
  exposes: [...SHOWN_INPUTS, 'subject'],
  templates: [...DEFAULT_TEMPLATES, 'notify/email'],
  async run(input, ctx) {
    const server = parseSmtpUrl(input.smtpUrl ?? (await ctx.secret('SMTP_URL')));
    // No gate watches the sockets of a mail server.
    if (ctx.run.isDrill && !server.isLoopback) {
      throw new PermanentFailure(
        'This is a drill, which reaches nothing but this machine: its mail server is another one',
      );
    }
    const { letters, subject, digest, letterFor } = await prepareLetters(ctx, input);
    const mailer = createMailer(server);
    const transient = new Set<string>();
    const rejected = new Map<string, string>();
    try {
      const spec = {
        kind: 'message',
        verb: 'email',
        after: { subject, digest },
        targets: letters.map(({ id }) => ({ id })),
        concurrency: CONCURRENCY,
      };
      const byId = new Map(letters.map((letter) => [letter.id, letter]));
      const results = await ctx.changes(spec, async ([target], signal) => {
        if (target === undefined) return undefined;
        const letter = byId.get(target.id) ?? (await letterFor(target.id));
        try {
          const accepted = await mailer.send(letter.envelope, await letter.bytes(), signal);
          for (const { address, why } of accepted.rejected) rejected.set(address, why);
        } catch (thrown) {
          if (thrown instanceof RequestFailure && thrown.isTransient) transient.add(target.id);
          throw asChangeFailure(thrown);
        }
        ctx.progress(countSent(ctx.ledger()), letters.length, 'mails');
        return new Map([[target.id, { detail: detailOf(letter) }]]);
      });
      throwIfOpen(results, transient);
      return outputOf(ctx, subject, rejected);
    } finally {
      mailer.close();
    }
  },
});

function detailOf({ user }: Letter): { readonly user?: string } {
  return user === undefined ? {} : { user };
}

function mailsOf(ledger: readonly ChangeResult[]): readonly ChangeResult[] {
  return ledger.filter(({ kind, verb }) => kind === 'message' && verb === 'email');
}

function countSent(ledger: readonly ChangeResult[]): number {
  return mailsOf(ledger).filter(({ outcome }) => outcome === 'done').length;
}

/** @throws Error while it is not known of a mail whether it arrived, or another try may go well. */
function throwIfOpen(results: readonly ChangeResult[], transient: ReadonlySet<string>): void {
  const unknown = results.filter(({ outcome }) => outcome === 'unknown');
  const again = results.filter(({ id, outcome }) => outcome === 'failed' && transient.has(id));
  const open = [...unknown, ...again];
  if (open.length === 0) return;
  const why = open.find(({ error }) => error !== undefined)?.error;
  throw new Error(
    `E-mail: of ${results.length} mails ${unknown.length} in doubt, ${again.length} refused for now${why === undefined ? '' : `. ${why}`}`,
  );
}

/** Over all attempts. @throws PermanentFailure where nobody was told although somebody should have been. */
function outputOf(ctx: ActionContext, subject: string, rejected: ReadonlyMap<string, string>) {
  const mails = mailsOf(ctx.ledger());
  const idsOf = (...wanted: readonly ChangeResult['outcome'][]): string[] =>
    mails.flatMap(({ id, outcome }) => (wanted.includes(outcome) ? [id] : [])).sort();
  const told = idsOf('done', 'already');
  const failed = [
    ...mails.flatMap(({ id, outcome, error = 'refused' }) => (outcome === 'failed' ? [{ email: id, error }] : [])),
    ...[...rejected].map(([email, error]) => ({ email, error })),
  ];
  if (told.length === 0 && failed.length > 0) {
    throw new PermanentFailure(`Nobody was told: ${failed.length} mails were refused. ${failed[0]?.error ?? ''}`);
  }
  return { sent: told.length, told, failed, left: idsOf('protected', 'skipped'), subject };
}
