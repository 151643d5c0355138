// One mail as the bytes that are sent (RFC 5322, MIME by nodemailer).
import { createHash } from 'node:crypto';
import type { ActionContext } from '../../../engine/action.ts';

export interface Mail {
  readonly from: { readonly address: string; readonly name?: string };
  readonly replyTo?: string;
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
}

/** Nothing is read from files or addresses: a text is a text. */
export async function mailBytes(mail: Mail): Promise<Buffer> {
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const { from, replyTo, to, cc, subject, text, html, messageId } = mail;
  return new MailComposer({
    from: { address: from.address, name: from.name ?? '' },
    ...(replyTo === undefined ? {} : { replyTo }),
    to: [...to],
    ...(cc === undefined ? {} : { cc: [...cc] }),
    subject,
    text,
    html,
    messageId,
    // RFC 3834: keeps replies of machines (on holiday) away.
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
}

/**
 * The same in each attempt (RFC 5322, 3.6.4: unique to the message), so that a mail that did arrive twice is shown once by
 * readers that know it.
 */
export function messageIdOf(
  { id, step, round, redo }: Pick<ActionContext['run'], 'id' | 'step' | 'round' | 'redo'>,
  { to, from, digest }: { readonly to: string; readonly from: string; readonly digest: string },
): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([id, step, round, redo, to, digest]))
    .digest('hex')
    .slice(0, 40);
  return `<${hex}.runbook@${from.split('@').at(-1) ?? 'localhost'}>`;
}
