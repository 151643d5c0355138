// A playbook's text: parsed, bounded, and every part of it locatable. Knows YAML, nothing of what playbooks mean.
import { Composer, type CST, type Document, LineCounter, Parser, type YAMLError } from 'yaml';
import type { Json } from '../json.ts';
import type { Collector, Span } from './collector.ts';
import { scalarLocator } from './scalar-position.ts';
import { type PositionNode, toJson } from './yaml-json.ts';

export type Path = readonly (string | number)[];

/** A scalar whose insides can be located later, without keeping the parsed document. */
export type Inside = (offset: number, length: number) => Span;

export interface Source {
  readonly file: string;
  readonly text: string;
  readonly value: Json;
  /** The value at a path; where there is none, the nearest part around it. */
  locate(path: Path): Span;
  /** The key at a path; for list entries and missing keys, the value. */
  locateKey(path: Path): Span;
  /** From an offset in the content of the text at a path to the place in the file. */
  inside(path: Path): Inside;
}

export const MAX_PLAYBOOK_BYTES = 1024 * 1024;
/** Groups in groups in groups: four levels a group. Nobody reads a playbook deeper than this. */
export const MAX_DEPTH = 64;
const MOST_YAML_ERRORS = 20;

/**
 * Decodes a playbook's bytes.
 * @returns undefined, with the problem reported, where they are not UTF-8.
 */
export function decodePlaybook(bytes: Uint8Array, file: string, collector: Collector): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    collector.error(topOf(file), 'E_PLAYBOOK_ENCODING', 'The file is not UTF-8 text', 'save it as UTF-8');
    return undefined;
  }
}

/**
 * Parses one YAML 1.2 core document. Bounded in size, depth and aliases; time is linear in the text.
 * @returns undefined, with the problems reported, where the text is no such document.
 */
export function parseSource(
  {
    text,
    file,
    maxBytes = MAX_PLAYBOOK_BYTES,
  }: { readonly text: string; readonly file: string; readonly maxBytes?: number },
  collector: Collector,
): Source | undefined {
  const size = Buffer.byteLength(text);
  if (size > maxBytes) {
    collector.error(
      topOf(file),
      'E_PLAYBOOK_TOO_LARGE',
      `The file has ${size} bytes; the limit is ${maxBytes}`,
      'split it into several playbooks',
    );
    return undefined;
  }
  const lines = new LineCounter();
  const span = (start: number, end: number): Span => spanIn(text, file, lines, start, end);
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const tooDeep = findTooDeep(tokens, MAX_DEPTH);
  if (tooDeep !== undefined) {
    collector.error(span(tooDeep, tooDeep + 1), 'E_PLAYBOOK_TOO_DEEP', `Nested deeper than ${MAX_DEPTH} levels`);
    return undefined;
  }
  const composer = new Composer({ version: '1.2', schema: 'core', uniqueKeys: false, merge: false, strict: true });
  const documents = [...composer.compose(tokens, false, text.length)];
  const [document, second] = documents;
  if (second !== undefined) {
    const at = second.range[0];
    collector.error(
      span(at, at + 3),
      'E_PLAYBOOK_YAML',
      'More than one YAML document in the file',
      'one playbook a file',
    );
  }
  for (const problem of [...(document?.errors ?? []), ...(document?.warnings ?? [])].slice(0, MOST_YAML_ERRORS)) {
    reportYaml(problem, text, span, collector);
  }
  const control = findControlCharacter(text);
  if (control !== undefined)
    collector.error(span(control, control + 1), 'E_PLAYBOOK_YAML', 'A control character stands here');
  if (document === undefined || document.contents === null) {
    collector.error(topOf(file), 'E_PLAYBOOK_EMPTY', 'The file holds no playbook');
    return undefined;
  }
  if (collector.hasErrors) return undefined;
  return readDocument(document, { text, file, span, collector });
}

function readDocument(
  document: Document.Parsed,
  {
    text,
    file,
    span,
    collector,
  }: { text: string; file: string; span: (start: number, end: number) => Span; collector: Collector },
): Source | undefined {
  if (document.contents === null) return undefined;
  const { value, position: root, faults } = toJson(document.contents, MAX_DEPTH);
  for (const { start, end, code, message, hint } of faults) collector.error(span(start, end), code, message, hint);
  // What is cut off here would only give rise to more complaints.
  if (faults.some(({ code }) => code === 'E_PLAYBOOK_ALIAS' || code === 'E_PLAYBOOK_TOO_DEEP')) return undefined;
  const find = (path: Path): { node: PositionNode; isExact: boolean } => {
    let node = root;
    for (const part of path) {
      const next = node.children?.get(part);
      if (next === undefined) return { node, isExact: false };
      node = next;
    }
    return { node, isExact: true };
  };
  const keyOrValue = (node: PositionNode): Span =>
    node.keyStart === undefined || node.keyEnd === undefined ? valueSpan(node) : span(node.keyStart, node.keyEnd);
  const valueSpan = (node: PositionNode): Span => {
    const first = node.children?.values().next().value;
    if (first?.keyEnd !== undefined && first.keyStart === node.start) return span(node.start, first.keyEnd);
    return node.children === undefined ? span(node.start, node.end) : span(node.start, node.start + 1);
  };
  return {
    file,
    text,
    value,
    locate: (path) => valueSpan(find(path).node),
    locateKey(path) {
      const { node, isExact } = find(path);
      return isExact ? keyOrValue(node) : valueSpan(node);
    },
    inside(path) {
      const { node } = find(path);
      const { style, content, start, end } = node;
      if (style === undefined || content === undefined) return () => valueSpan(node);
      const at = scalarLocator(text, { style, content, start, end });
      return (offset, length) => span(at(offset), at(offset + length));
    },
  };
}

function reportYaml(
  problem: YAMLError,
  text: string,
  span: (start: number, end: number) => Span,
  collector: Collector,
): void {
  const [start, end] = problem.pos;
  const hint = problem.code === 'TAB_AS_INDENT' ? 'indent with spaces' : quotingHint(problem, text, start);
  collector.error(span(start, end), 'E_PLAYBOOK_YAML', `Not valid YAML: ${problem.message}`, hint);
}

/** `a: ${{ x ? y : z }}` is a map to YAML. */
function quotingHint({ code }: YAMLError, text: string, at: number): string | undefined {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  const line = text.slice(start, end === -1 ? undefined : end);
  if (line.includes('${{')) return 'an expression with `: ` or `#` in it needs quotes around the whole value';
  const [, key, value] = /^\s*(?:- )?([\w-]+): ([^\s"'|>[{&*!].*: .*?)\s*$/.exec(line) ?? [];
  if (code !== 'BLOCK_AS_IMPLICIT_KEY' || key === undefined || value === undefined) return undefined;
  return `text with \`: \` in it needs quotes: \`${key}: ${JSON.stringify(value)}\``;
}

/** The offset of the first collection nested too deep. Walks the token tree without recursion: deep ones overflow it. */
function findTooDeep(tokens: readonly CST.Token[], maxDepth: number): number | undefined {
  const queue: { readonly token: CST.Token; readonly depth: number }[] = tokens.map((token) => ({ token, depth: 0 }));
  let found: number | undefined;
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { token, depth } = next;
    if (token.type === 'document') {
      if (token.value) queue.push({ token: token.value, depth });
    } else if ('items' in token) {
      if (depth >= maxDepth) found = Math.min(found ?? token.offset, token.offset);
      else {
        for (const { key, value } of token.items) {
          if (key) queue.push({ token: key, depth: depth + 1 });
          if (value) queue.push({ token: value, depth: depth + 1 });
        }
      }
    }
  }
  return found;
}

function findControlCharacter(text: string): number | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const match = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.exec(text);
  return match?.index;
}

function spanIn(text: string, file: string, lines: LineCounter, start: number, end: number): Span {
  const { line, col } = lines.linePos(start);
  let stop = Math.max(start + 1, end);
  const newline = text.indexOf('\n', start);
  if (newline !== -1 && newline < stop) stop = Math.max(start + 1, newline);
  return { location: { file, line: Math.max(1, line), column: Math.max(1, col) }, length: stop - start };
}

function topOf(file: string): Span {
  return { location: { file, line: 1, column: 1 }, length: 1 };
}
