// Values from a journal as Markdown text: whatever they hold, they stay text.
import { isJsonObject } from '../json.ts';
import { clean, oneLine } from '../ui/text.ts';

/** Source: CommonMark 0.31, what opens inline markup, HTML or a table cell (GFM). */
const INLINE = /[\\`*_[\]<>|#~&!]/g;
/** What opens a block at the start of a line. */
const BLOCK_START = /^(\s*)([-+=]|\d+[.)])/;

/** On one line. */
export function markdownText(text: string): string {
  return escapeLine(oneLine(text));
}

/** Line breaks stay, as paragraphs. */
export function markdownParagraphs(text: string): string {
  const paragraphs = clean(text)
    .split('\n')
    .map((line) => escapeLine(line.replace(/\s+/g, ' ').trim()));
  return paragraphs.filter((line) => line !== '').join('\n\n');
}

function escapeLine(line: string): string {
  return line
    .replace(INLINE, (char) => `\\${char}`)
    .replace(BLOCK_START, (_, space: string, sign: string) =>
      sign.length === 1 ? `${space}\\${sign}` : `${space}${sign.slice(0, -1)}\\${sign.slice(-1)}`,
    );
}

/** A copy of plain data with every text escaped. Keys named in `paragraphs` keep their line breaks. */
export function escapeDeep<T>(value: T, paragraphs: ReadonlySet<string>): T {
  const walk = (one: unknown, key: string): unknown => {
    if (typeof one === 'string') return paragraphs.has(key) ? markdownParagraphs(one) : markdownText(one);
    if (Array.isArray(one)) return one.map((entry) => walk(entry, key));
    if (isJsonObject(one))
      return Object.fromEntries(Object.entries(one).map(([name, entry]) => [name, walk(entry, name)]));
    return one;
  };
  // The shape is kept: only texts are replaced, by texts.
  return walk(value, '') as T;
}
