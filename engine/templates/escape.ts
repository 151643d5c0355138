// What a text must become to stay a text in what is made of it. Pure.
import { isJsonObject, type Json } from '../json.ts';

/** The ending before `.hbs` says what a template makes. */
export const TEMPLATE_KINDS = ['txt', 'md', 'html', 'json', 'mrkdwn'] as const;
export type TemplateKind = (typeof TEMPLATE_KINDS)[number];

type Escape = (text: string) => string;

const HTML: { readonly [char: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** CommonMark 0.31, what opens inline markup, HTML or a table cell (GFM). */
const MARKDOWN_INLINE = /[\\`*_[\]<>|#~&!]/g;
/** CommonMark 0.31, what opens a block at the start of a line. */
const MARKDOWN_BLOCK = /^(\s*)([-+=]|\d+[.)])/gm;

/** In attributes too. */
export const escapeHtml: Escape = (text) => text.replace(/[&<>"']/g, (char) => HTML[char] ?? char);

/** Line breaks stay. */
export const escapeMarkdown: Escape = (text) =>
  text
    .replace(MARKDOWN_INLINE, (char) => `\\${char}`)
    .replace(MARKDOWN_BLOCK, (_, space: string, sign: string) => `${space}${sign.slice(0, -1)}\\${sign.slice(-1)}`);

/** The content of a JSON string, without its quotes. */
export const escapeJson: Escape = (text) => JSON.stringify(text).slice(1, -1);

/**
 * Slack's mrkdwn: these three are its control characters, and so no text can mention a channel or make a link
 * (https://docs.slack.dev/messaging/formatting-message-text, "Escaping text").
 */
export const escapeMrkdwn: Escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export const ESCAPES: { readonly [kind in TemplateKind]: Escape } = {
  txt: (text) => text,
  md: escapeMarkdown,
  html: escapeHtml,
  json: escapeJson,
  mrkdwn: escapeMrkdwn,
};

/** Stands in the output where an object was to be printed, which has no text. */
export const NO_TEXT = '\u0000object\u0000';

/**
 * A copy in which every text is escaped, names included where a loop could print one that is no plain word. Its objects have
 * no prototype: a template that reads `constructor` reads what is not there.
 */
export function escapedCopy(value: Json, escapeText: Escape): unknown {
  if (typeof value === 'string') return escapeText(value);
  if (Array.isArray(value)) return value.map((item: Json) => escapedCopy(item, escapeText));
  if (!isJsonObject(value)) return value;
  const copy: { [name: string]: unknown } = Object.create(null);
  for (const [name, item] of Object.entries(value)) {
    if (item !== undefined) copy[/^[\w-]+$/.test(name) ? name : escapeText(name)] = escapedCopy(item, escapeText);
  }
  return Object.defineProperty(copy, Symbol.toPrimitive, { value: () => NO_TEXT });
}

/** JSON of a value whose texts are escaped for JSON already. */
export function jsonOfEscaped(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`;
  if (Array.isArray(value)) return `[${value.map(jsonOfEscaped).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const fields = Object.entries(value).map(([name, item]) => `"${name}":${jsonOfEscaped(item)}`);
  return `{${fields.join(',')}}`;
}
