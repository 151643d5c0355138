// Text from a journal on its way to a terminal: it may hold anything, so nothing of it may act on the terminal.
import { stripVTControlCharacters } from 'node:util';

/** Control characters, and the marks that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const WIDE =
  /\p{Emoji_Presentation}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|[\uff01-\uff60]/u;
/** One column a character, without looking closer: Latin, general punctuation, arrows, boxes and blocks. */
const NARROW = /^[\u0020-\u007e\u00a0-\u024f\u2010-\u2027\u2190-\u21ff\u2500-\u25ff]*$/;

/** Without escape sequences and control characters; line breaks and tabs stay. */
export function clean(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\r\n', '\n').replace(UNPRINTABLE, '');
}

/** The same on one line, runs of white space as one space. */
export function oneLine(text: string): string {
  return clean(text).replace(/\s+/g, ' ').trim();
}

/** Made when needed: building a segmenter costs more than most commands print. */
function graphemes(text: string): Intl.Segments {
  return new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text);
}

/** Columns a text takes, escape sequences not counted. */
export function textWidth(text: string): number {
  const shown = stripVTControlCharacters(text);
  if (NARROW.test(shown)) return shown.length;
  let width = 0;
  for (const { segment } of graphemes(shown)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** At most `columns` wide; what is cut shows as an ellipsis. The text must hold no escape sequences. */
export function truncate(text: string, columns: number): string {
  // A UTF-16 unit is at least half a column wide: long texts are cut before they are measured.
  if (text.length <= columns && textWidth(text) <= columns) return text;
  if (NARROW.test(text)) return columns < 1 ? '' : `${text.slice(0, columns - 1)}…`;
  let width = 0;
  let kept = '';
  for (const { segment } of graphemes(text)) {
    const next = width + (WIDE.test(segment) ? 2 : 1);
    if (next > columns - 1) return columns < 1 ? '' : `${kept}…`;
    width = next;
    kept += segment;
  }
  return kept;
}

const LIST_ITEM = /^(\s*(?:[-*+]|\d+[.)])\s+)/;

/**
 * Fills lines: those of one paragraph flow together, list items stand on their own and hang, empty lines stay.
 * The text must be clean; a word longer than a line is broken where it must.
 */
export function wrap(text: string, columns: number): string[] {
  return paragraphs(text).flatMap((line) => wrapLine(line, Math.max(16, columns)));
}

function paragraphs(text: string): string[] {
  const joined: string[] = [];
  for (const line of text.split('\n')) {
    const before = joined.at(-1);
    const flows = before !== undefined && before.trim() !== '' && line.trim() !== '' && !LIST_ITEM.test(line);
    if (flows) joined[joined.length - 1] = `${before.trimEnd()} ${line.trim()}`;
    else joined.push(line.trimEnd());
  }
  return joined;
}

function wrapLine(line: string, columns: number): string[] {
  const lines: string[] = [];
  const marker = LIST_ITEM.exec(line)?.[1] ?? '';
  const hang = ' '.repeat(Math.min(marker.length, 8));
  let current = marker;
  for (const word of line.slice(marker.length).split(/ +/)) {
    const isFirst = current === marker || current === hang;
    if (!isFirst && textWidth(`${current} ${word}`) <= columns) {
      current = `${current} ${word}`;
      continue;
    }
    if (!isFirst) {
      lines.push(current);
      current = hang;
    }
    current += word;
    while (current.length > columns) {
      lines.push(current.slice(0, columns));
      current = hang + current.slice(columns);
    }
  }
  lines.push(current);
  return lines;
}

/**
 * A text behind a lead (`  next:  `): each of its lines is filled, and what follows stands under its beginning. Its own line
 * breaks and indents stay, and so does a frame of code; a word longer than a line is left whole, to be copied. Both may
 * hold colours.
 * @param indent of what follows the first line.
 */
export function hang(lead: string, text: string, columns: number, indent = textWidth(lead)): string[] {
  // A terminal that does not know its size says 0.
  const width = columns < NARROWEST ? Number.POSITIVE_INFINITY : columns;
  return text.split('\n').flatMap((line, index) => {
    const own = index === 0 ? lead : (/^\s*(?:[-*+] )?/.exec(line)?.[0] ?? '');
    const body = index === 0 ? line : line.slice(own.length);
    const isCode = index > 0 && CODE_FRAME.test(line);
    return isCode ? [line] : fill(own, body, { columns: width, indent: index === 0 ? indent : own.length });
  });
}

const NARROWEST = 20;
/** `  12 | title: Breach`, and the line of marks under it. */
const CODE_FRAME = /^\s*>?\s*\d*\s*\|/;

function fill(lead: string, body: string, { columns, indent }: { columns: number; indent: number }): string[] {
  const lines: string[] = [];
  let current = lead;
  let isEmpty = true;
  for (const part of body.match(/\s*\S+/g) ?? []) {
    if (isEmpty || textWidth(current + part) <= columns) current += part;
    else {
      lines.push(current);
      current = ' '.repeat(indent) + part.trimStart();
    }
    isEmpty = false;
  }
  lines.push(current);
  return lines;
}

/** A word safe to paste into a shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
