// Values from a journal as Markdown text: whatever they hold, they stay text.
import { isJsonObject } from '../json.ts';
import { escapeMarkdown } from '../templates/escape.ts';
import { clean, oneLine } from '../ui/text.ts';

/** On one line. */
export function markdownText(text: string): string {
  return escapeMarkdown(oneLine(text));
}

/** Line breaks stay, as paragraphs. */
export function markdownParagraphs(text: string): string {
  const paragraphs = clean(text)
    .split('\n')
    .map((line) => escapeMarkdown(line.replace(/\s+/g, ' ').trim()));
  return paragraphs.filter((line) => line !== '').join('\n\n');
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
