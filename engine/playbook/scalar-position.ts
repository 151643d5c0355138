// From an offset in what a YAML scalar says to the offset in the file where that character stands. Quoting, escapes,
// folded lines and indentation lie between the two; both are walked side by side.

export type ScalarStyle = 'plain' | 'single' | 'double' | 'block';

export interface ScalarText {
  readonly style: ScalarStyle;
  /** Offset in the file of the first character: the quote, or the `|` of a block. */
  readonly start: number;
  readonly end: number;
  readonly content: string;
}

/** How far a walk has come: `read` characters of the content, up to `source` in the file. */
interface Cursor {
  readonly source: number;
  readonly read: number;
}

/**
 * The offset in `text` of the character at an offset of the scalar's content. Asked in rising order, as expressions in
 * a text are, all answers together cost one walk.
 */
export function scalarLocator(text: string, scalar: ScalarText): (offset: number) => number {
  const start: Cursor = { source: bodyStart(text, scalar), read: 0 };
  let cursor = start;
  return (offset) => {
    cursor = advance(text, scalar, offset < cursor.read ? start : cursor, offset);
    let { source } = cursor;
    const wanted = scalar.content[offset];
    if (wanted !== undefined && !isSpace(wanted)) while (source < scalar.end && isSpace(text[source])) source += 1;
    return Math.min(source, scalar.end);
  };
}

function advance(text: string, { style, content, end }: ScalarText, from: Cursor, offset: number): Cursor {
  let { source, read } = from;
  while (source < end && read < offset) {
    const char = text[source] ?? '';
    if (style === 'double' && char === '\\') {
      const sequence = escapeAt(text, source);
      source += sequence.width;
      read += sequence.yields;
    } else if (char === content[read]) {
      source += style === 'single' && char === "'" ? 2 : 1;
      read += 1;
    } else if (isSpace(char)) {
      if (isSpace(content[read])) read += 1;
      source += 1;
    } else if (isSpace(content[read])) {
      read += 1;
    } else {
      break;
    }
  }
  return { source, read };
}

function bodyStart(text: string, scalar: ScalarText): number {
  if (scalar.style === 'plain') return scalar.start;
  if (scalar.style !== 'block') return scalar.start + 1;
  const newline = text.indexOf('\n', scalar.start);
  return newline === -1 ? scalar.end : newline + 1;
}

function escapeAt(text: string, at: number): { readonly width: number; readonly yields: number } {
  switch (text[at + 1]) {
    case 'x':
      return { width: 4, yields: 1 };
    case 'u':
      return { width: 6, yields: 1 };
    case 'U':
      return { width: 10, yields: Number.parseInt(text.slice(at + 2, at + 10), 16) > 0xffff ? 2 : 1 };
    case '\r':
    case '\n': {
      let next = at + 1;
      while (isSpace(text[next])) next += 1;
      return { width: next - at, yields: 0 };
    }
    default:
      return { width: 2, yields: 1 };
  }
}

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t';
}
