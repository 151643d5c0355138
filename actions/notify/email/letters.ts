// The mails of a step: to whom, with which words. All are made before the first is sent, so that a template that fails for one
// recipient is found before anybody was told.
import { type ActionContext, type JsonObject, PermanentFailure } from '../../../engine/action.ts';
import {
  composeText,
  digestOf,
  type MessageInput,
  plainText,
  renderIfThere,
  templateData,
} from '../message/compose.ts';
import type { Envelope } from './connection.ts';
import { mailBytes, messageIdOf } from './mail.ts';

/** RFC 5321, 4.5.3.1.8: a server must take 100 recipients; a mail to so many is none to a team. */
const MAX_TOGETHER = 50;
const STAGE_WORDS = { start: '', update: 'Update: ', resolved: 'Resolved: ' } as const;

export interface Recipient {
  readonly email: string;
  readonly user?: string;
  readonly name?: string;
}

export interface EmailInput extends MessageInput {
  readonly to?: readonly string[];
  readonly recipients?: readonly Recipient[];
  readonly together?: boolean;
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  readonly from?: string;
  readonly fromName?: string;
  readonly replyTo?: string;
  readonly subject?: string;
}

export interface Letter {
  /** Its address, or all of them where it is one mail to all: how the ledger knows it. */
  readonly id: string;
  readonly envelope: Envelope;
  readonly user?: string;
  bytes(): Promise<Buffer>;
}

export interface Letters {
  readonly letters: readonly Letter[];
  readonly subject: string;
  /** Of what is said, whoever it is said to. */
  readonly digest: string;
  /** For one that an earlier attempt began, and that is not on the list any more. */
  letterFor(id: string): Promise<Letter>;
}

interface Words {
  readonly text: string;
  readonly html: string;
}

/** @throws PermanentFailure, E_TEMPLATE_… */
export async function prepareLetters(ctx: ActionContext, input: EmailInput): Promise<Letters> {
  const { stage = 'update', severity } = input;
  const from = senderOf(ctx, input);
  const recipients = recipientsOf(input);
  const mark = severity === undefined ? '' : `[${severity}] `;
  const subject = await plainText(ctx, input.subject ?? `${mark}${STAGE_WORDS[stage]}${input.title}`);
  const { text, template, data } = input;
  const digest = digestOf([subject, text, template, JSON.stringify(data ?? {}), stage, input.audience]);
  const write = (words: Words, { to, cc = [], bcc = [], user }: Addressed): Letter => ({
    id: to.join(', '),
    envelope: { from: from.address, to: [...new Set([...to, ...cc, ...bcc])] },
    ...(user === undefined ? {} : { user }),
    bytes: () =>
      mailBytes({
        from,
        ...(input.replyTo === undefined ? {} : { replyTo: input.replyTo }),
        to,
        ...(cc.length === 0 ? {} : { cc }),
        subject,
        ...words,
        messageId: messageIdOf(ctx.run, { to: to.join(', '), from: from.address, digest }),
      }),
  });
  const toOne = async (recipient: Recipient): Promise<Letter> => {
    const { email, user } = recipient;
    const words = await wordsFor(ctx, { ...input, stage }, subject, recipient);
    return write(words, { to: [email], ...(user === undefined ? {} : { user }) });
  };
  if (input.together === true) {
    const to = recipients.map(({ email }) => email);
    const { cc = [], bcc = [] } = input;
    const words = await wordsFor(ctx, { ...input, stage }, subject, undefined);
    const letter = write(words, { to, cc, bcc });
    const count = letter.envelope.to.length;
    if (to.length === 0 || count > MAX_TOGETHER) {
      throw new PermanentFailure(`One mail \`together\` goes to 1 to ${MAX_TOGETHER} addresses, not to ${count}`);
    }
    return { letters: [letter], subject, digest, letterFor: async (id) => write(words, { to: id.split(', ') }) };
  }
  const letters: Letter[] = [];
  for (const recipient of recipients) letters.push(await toOne(recipient));
  return { letters, subject, digest, letterFor: (id) => toOne({ email: id }) };
}

interface Addressed {
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  readonly user?: string;
}

/** @throws PermanentFailure */
function senderOf({ env }: ActionContext, { from, fromName }: EmailInput): { address: string; name?: string } {
  const address = from ?? env.SMTP_FROM ?? '';
  if (!/^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(address)) {
    throw new PermanentFailure('Who sends it? Give `from`, or set SMTP_FROM to an address that the mail server takes');
  }
  return fromName === undefined ? { address } : { address, name: fromName };
}

/** Each address once, the first one wins. @throws PermanentFailure */
function recipientsOf({ to, recipients, together = false, cc, bcc }: EmailInput): readonly Recipient[] {
  // An empty list is a list: there was nobody to tell.
  if (to === undefined && recipients === undefined) throw new PermanentFailure('To whom? Give `to` or `recipients`');
  if (!together && (cc !== undefined || bcc !== undefined)) {
    throw new PermanentFailure(
      '`cc` and `bcc` are for one mail `together`; without it everybody gets a mail of their own',
    );
  }
  const all = [...(recipients ?? []), ...(to ?? []).map((email) => ({ email }))];
  return [...new Map(all.toReversed().map((one) => [one.email, one])).values()].toReversed();
}

async function wordsFor(
  ctx: ActionContext,
  input: EmailInput,
  subject: string,
  recipient: Recipient | undefined,
): Promise<Words> {
  const more: JsonObject = recipient === undefined ? {} : { recipient: { ...recipient } };
  const { text } = await composeText(ctx, input, { audience: 'team', endings: ['txt'], more });
  const { stage = 'update', audience = 'team', template } = input;
  const own =
    template === undefined
      ? undefined
      : await renderIfThere(ctx, `${template}.html`, { ...templateData(ctx, input, { stage, audience }), ...more });
  const paragraphs = text.split(/\n{2,}/).map((paragraph) => paragraph.split('\n'));
  return { text, html: own ?? (await ctx.template('notify/email.html', { subject, paragraphs })) };
}
