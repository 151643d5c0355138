// Small readings of a CEL expression's tree.
import type { ASTNode } from '@marcbachmann/cel-js';

/** A constant of the expression's text; undefined where the node is none. */
export function literalOf(node: ASTNode): string | number | boolean | null | undefined {
  if (node.op === '-_') {
    const inner = literalOf(node.args);
    return typeof inner === 'number' ? -inner : undefined;
  }
  if (node.op !== 'value') return undefined;
  const value = node.args;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null)
    return value;
  return undefined;
}

/** The name read by `a.name`, `a.?name` or `a["name"]`, and where it stands. */
export function fieldOf(
  node: ASTNode,
): { readonly base: ASTNode; readonly name: string; readonly start: number; readonly end: number } | undefined {
  if (node.op === '.' || node.op === '.?')
    return { base: node.args[0], name: node.args[1], start: node.pos, end: node.end };
  if (node.op !== '[]' && node.op !== '[?]') return undefined;
  const name = literalOf(node.args[1]);
  return typeof name === 'string'
    ? { base: node.args[0], name, start: node.args[1].start, end: node.args[1].end }
    : undefined;
}

/** `a.b.c` as text where it is only names, the key under which facts are kept. */
export function pathText(node: ASTNode): string | undefined {
  if (node.op === 'id') return node.args;
  const field = fieldOf(node);
  if (field === undefined) return undefined;
  const base = pathText(field.base);
  return base === undefined ? undefined : `${base}.${field.name}`;
}

/** True for `a.?b`, and for what hangs on it: where `b` is absent, so is the rest. */
export function isOptionalChain(node: ASTNode): boolean {
  if (node.op === '.?' || node.op === '[?]') return true;
  return (node.op === '.' || node.op === '[]') && isOptionalChain(node.args[0]);
}

/** The macro's parts where a receiver call is a comprehension: its list, its variable and the rest. */
export function comprehensionOf(
  node: ASTNode,
):
  | { readonly name: string; readonly list: ASTNode; readonly variable: string; readonly rest: readonly ASTNode[] }
  | undefined {
  if (node.op !== 'rcall') return undefined;
  const [name, list, [variable, ...rest]] = node.args;
  if (!['all', 'exists', 'exists_one', 'map', 'filter'].includes(name) || variable?.op !== 'id' || rest.length === 0)
    return undefined;
  return { name, list, variable: variable.args, rest };
}

/** The nodes right below one. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}
