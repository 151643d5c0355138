// A message as Slack's blocks. Limits: https://docs.slack.dev/reference/block-kit/blocks (header 150, section 3,000
// characters, 50 blocks a message) and the text of a message (cut at 40,000 there; what notifications show is short anyway).
import type { JsonObject } from '../../../engine/action.ts';

const MAX_HEADER = 150;
const MAX_SECTION = 3000;
/** Of 50 blocks, less the header, the line under it, who is called, and the note that something was cut. */
const MAX_SECTIONS = 46;
const MAX_FALLBACK = 3000;

export interface SlackMessage {
  readonly title: string;
  /** The same as mrkdwn. */
  readonly escapedTitle: string;
  /** Under the title, in small letters: plain text. */
  readonly context: string;
  /** mrkdwn, escaped. */
  readonly body: string;
  readonly mentions: readonly string[];
}

export function slackPayload({ title, escapedTitle, context, body, mentions }: SlackMessage): JsonObject {
  const parts = splitText(body, MAX_SECTION);
  const called = mentions.map(mentionOf).join(' ');
  const isCut = parts.length > MAX_SECTIONS;
  return {
    // What a notification shows, and programs without blocks.
    text: cut(`${called === '' ? '' : `${called} `}${escapedTitle}\n${body}`, MAX_FALLBACK),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(title, MAX_HEADER), emoji: false } },
      { type: 'context', elements: [{ type: 'plain_text', text: cut(context, MAX_HEADER), emoji: false }] },
      ...(called === '' ? [] : [section(called)]),
      ...parts.slice(0, MAX_SECTIONS).map(section),
      ...(isCut ? [section('_The message was too long for Slack: the rest is cut._')] : []),
    ],
  };
}

function section(text: string): JsonObject {
  return { type: 'section', text: { type: 'mrkdwn', text } };
}

/** https://docs.slack.dev/messaging/formatting-message-text, "Mentioning users", "groups", "Special mentions". */
function mentionOf(who: string): string {
  if (who === 'here' || who === 'channel' || who === 'everyone') return `<!${who}>`;
  return who.startsWith('S') ? `<!subteam^${who}>` : `<@${who}>`;
}

/** Parts of at most `max` characters, cut where a line or a word ends, and never inside an entity or a character. */
export function splitText(text: string, max: number): readonly string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > max) {
    const end = endOfPart(rest.slice(0, max));
    parts.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).replace(/^\n+/, '');
  }
  if (rest !== '') parts.push(rest);
  return parts.filter((part) => part !== '');
}

function endOfPart(head: string): number {
  const atLine = head.lastIndexOf('\n');
  if (atLine > 0) return atLine;
  const atWord = head.lastIndexOf(' ');
  if (atWord > 0) return atWord + 1;
  const open = /&[a-z]{0,3}$|[\uD800-\uDBFF]$/.exec(head);
  return open === null || open.index === 0 ? head.length : open.index;
}

function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const head = text.slice(0, max - 1);
  const open = /&[a-z]{0,3}$|[\uD800-\uDBFF]$/.exec(head);
  return `${open === null ? head : head.slice(0, open.index)}…`;
}
