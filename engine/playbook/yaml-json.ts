// From composed YAML nodes to JSON, keeping where everything stands. What YAML allows and JSON does not is refused here.
import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml';
import type { Json } from '../json.ts';
import type { ScalarStyle } from './scalar-position.ts';

/** Where a node of the document stands in the file. */
export interface PositionNode {
  readonly start: number;
  readonly end: number;
  readonly keyStart?: number;
  readonly keyEnd?: number;
  /** Only for scalars: how it is written, and what it says where it is text. */
  readonly style?: ScalarStyle;
  readonly content?: string;
  readonly children?: ReadonlyMap<string | number, PositionNode>;
}

export interface YamlFault {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly start: number;
  readonly end: number;
}

/** An honest playbook repeats a list or two; an alias bomb repeats thousands. */
export const MAX_ALIASES = 100;
const MAX_NODES_BY_ALIAS = 20_000;
const CORE_TAGS = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/;

interface Walk {
  readonly faults: YamlFault[];
  readonly anchors: Map<string, Node>;
  readonly open: Set<Node>;
  readonly maxDepth: number;
  aliases: number;
  /** Nodes made under an alias; bounded, since aliases multiply. */
  repeated: number;
}
interface Converted {
  readonly value: Json;
  readonly position: PositionNode;
}

/** @returns the value, its positions, and what was refused (the first of two equal keys counts). */
export function toJson(root: Node, maxDepth: number): Converted & { readonly faults: readonly YamlFault[] } {
  const walk: Walk = { faults: [], anchors: new Map(), open: new Set(), maxDepth, aliases: 0, repeated: 0 };
  return { ...convert(root, walk, 0, false), faults: walk.faults };
}

function convert(node: Node | null, walk: Walk, depth: number, isRepeated: boolean): Converted {
  const [start, end] = rangeOf(node);
  const nothing: Converted = { value: null, position: { start, end } };
  if (node === null) return nothing;
  if (isRepeated && ++walk.repeated > MAX_NODES_BY_ALIAS) {
    if (walk.repeated === MAX_NODES_BY_ALIAS + 1)
      fault(walk, node, 'E_PLAYBOOK_ALIAS', 'Aliases repeat too much of this file');
    return nothing;
  }
  if (depth > walk.maxDepth) {
    fault(walk, node, 'E_PLAYBOOK_TOO_DEEP', `Nested deeper than ${walk.maxDepth} levels`);
    return nothing;
  }
  if (isAlias(node)) return convertAlias(node, walk, depth);
  if (node.tag !== undefined && !CORE_TAGS.test(node.tag)) {
    fault(
      walk,
      node,
      'E_PLAYBOOK_YAML',
      `The tag ${node.tag} is not allowed`,
      'write plain text, numbers, lists and maps',
    );
  }
  const anchor = 'anchor' in node && typeof node.anchor === 'string' ? node.anchor : undefined;
  if (anchor !== undefined && !isRepeated) walk.anchors.set(anchor, node);
  if (isScalar(node)) return convertScalar(node, walk);
  walk.open.add(node);
  const children = new Map<string | number, PositionNode>();
  let value: Json;
  if (isSeq(node)) {
    value = node.items.map((item, index) => {
      const entry = convert(item as Node | null, walk, depth + 1, isRepeated);
      children.set(index, entry.position);
      return entry.value;
    });
  } else {
    const fields: { [key: string]: Json } = {};
    if (isMap(node))
      for (const pair of node.items)
        convertPair(pair as Pair<Node, Node | null>, fields, children, walk, depth, isRepeated);
    value = fields;
  }
  walk.open.delete(node);
  return { value, position: { start, end, children } };
}

function convertPair(
  pair: Pair<Node, Node | null>,
  fields: { [key: string]: Json },
  children: Map<string | number, PositionNode>,
  walk: Walk,
  depth: number,
  isRepeated: boolean,
): void {
  const key = keyText(pair.key);
  if (key === undefined) {
    fault(walk, pair.key, 'E_PLAYBOOK_YAML', 'A key must be plain text');
    return;
  }
  if (key === '__proto__') {
    fault(walk, pair.key, 'E_PLAYBOOK_YAML', 'The key `__proto__` is not allowed');
    return;
  }
  const entry = convert(pair.value, walk, depth + 1, isRepeated);
  const [keyStart, keyEnd] = rangeOf(pair.key);
  if (children.has(key)) {
    const hint = 'remove one of the two; the first counts in the checks below';
    fault(walk, pair.key, 'E_PLAYBOOK_DUPLICATE_KEY', `The key \`${key}\` stands twice in this map`, hint);
    return;
  }
  // A value left out (`key:`) has no range of its own: it stands where its key does.
  const position = pair.value === null ? { ...entry.position, start: keyStart, end: keyEnd } : entry.position;
  fields[key] = entry.value;
  children.set(key, { ...position, keyStart, keyEnd });
}

function convertAlias(node: Alias, walk: Walk, depth: number): Converted {
  const [start, end] = rangeOf(node);
  const target = walk.anchors.get(node.source);
  walk.aliases += 1;
  if (walk.aliases > MAX_ALIASES || target === undefined || walk.open.has(target)) {
    if (walk.aliases <= MAX_ALIASES + 1) {
      const reason =
        target === undefined
          ? `No anchor \`&${node.source}\` stands before this alias`
          : walk.open.has(target)
            ? 'An alias cannot stand inside what it repeats'
            : `More than ${MAX_ALIASES} aliases`;
      fault(walk, node, 'E_PLAYBOOK_ALIAS', reason);
    }
    return { value: null, position: { start, end } };
  }
  walk.open.add(target);
  const { value, position } = convert(target, walk, depth, true);
  walk.open.delete(target);
  // Problems inside are shown where they are written; the whole stands at the alias.
  return { value, position: { ...position, start, end } };
}

function convertScalar(node: Scalar, walk: Walk): Converted {
  const [start, end] = rangeOf(node);
  const { value } = node;
  if (typeof value === 'string') return { value, position: { start, end, style: styleOf(node), content: value } };
  const position: PositionNode = { start, end, style: styleOf(node) };
  if (typeof value === 'number') {
    const isInteger = /^[-+]?(\d+|0x[0-9a-fA-F]+|0o[0-7]+)$/.test(node.source ?? '');
    if (!Number.isFinite(value) || (isInteger && !Number.isSafeInteger(value))) {
      fault(
        walk,
        node,
        'E_PLAYBOOK_YAML',
        `The number ${node.source ?? value} cannot be kept exactly`,
        'quote it if it is an identifier',
      );
      return { value: 0, position };
    }
    return { value, position };
  }
  return { value: typeof value === 'boolean' ? value : null, position };
}

function keyText(key: Node | null): string | undefined {
  if (!isScalar(key)) return undefined;
  if (typeof key.value === 'string') return key.value;
  return key.value === null ? undefined : (key.source ?? String(key.value));
}

function styleOf(node: Scalar): ScalarStyle {
  switch (node.type) {
    case 'QUOTE_DOUBLE':
      return 'double';
    case 'QUOTE_SINGLE':
      return 'single';
    case 'BLOCK_FOLDED':
    case 'BLOCK_LITERAL':
      return 'block';
    default:
      return 'plain';
  }
}

function rangeOf(node: Node | null): readonly [number, number] {
  return node?.range ? [node.range[0], node.range[1]] : [0, 0];
}

function fault(walk: Walk, node: Node | null, code: string, message: string, hint?: string): void {
  const [start, end] = rangeOf(node);
  walk.faults.push({ code, message, start, end, ...(hint === undefined ? {} : { hint }) });
}
