// Finds `${{ … }}` in text. `$${{` stands for a literal `${{`.

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  /** `start`: where the expression's text begins in the whole. */
  | { readonly kind: 'expression'; readonly source: string; readonly start: number };

export interface ScanResult {
  readonly parts: readonly TemplatePart[];
  /** Where an opened `${{` is not closed. */
  readonly unclosedAt?: number;
}

/** True where the text could hold an expression: the cheap test before scanning. */
export function hasExpression(text: string): boolean {
  return text.includes('${{');
}

export function scanTemplate(text: string): ScanResult {
  const parts: TemplatePart[] = [];
  let literal = '';
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('${{', at);
    if (open === -1) break;
    if (open > 0 && text[open - 1] === '$') {
      literal += `${text.slice(at, open - 1)}\${{`;
      at = open + 3;
      continue;
    }
    const close = findClose(text, open + 3);
    if (close === undefined) return { parts, unclosedAt: open };
    literal += text.slice(at, open);
    if (literal !== '') parts.push({ kind: 'text', text: literal });
    literal = '';
    parts.push({ kind: 'expression', source: text.slice(open + 3, close), start: open + 3 });
    at = close + 2;
  }
  literal += text.slice(at);
  if (literal !== '' || parts.length === 0) parts.push({ kind: 'text', text: literal });
  return { parts };
}

/** The offset of the `}}` that ends an expression: not one in a string, nor one that closes maps of its own. */
function findClose(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === '"' || char === "'") {
      const end = endOfString(text, at);
      if (end === undefined) return text.indexOf('}}', at) === -1 ? undefined : text.indexOf('}}', at);
      at = end;
    } else if (char === '{') depth += 1;
    else if (char === '}') {
      if (depth === 0) return text[at + 1] === '}' ? at : undefined;
      depth -= 1;
    }
  }
  return undefined;
}

function endOfString(text: string, start: number): number | undefined {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote) return at;
  }
  return undefined;
}
