// Literals that can never be right: outside an enum, a broken regular expression, a time that is none. And
// comparisons of objects, which cel-js answers with false without looking inside.
import { type ASTNode, evaluate } from '@marcbachmann/cel-js';
import { isJsonObject, type Schema } from '../json.ts';
import { isCatastrophic } from './catastrophic.ts';
import { CATASTROPHIC } from './catastrophic-patterns.ts';
import { literalOf } from './cel-tree.ts';
import { itemsOf, literalsOf, typesOf } from './schema-shape.ts';
import { didYouMean, listed } from './suggest.ts';
import type { Issue } from './walk.ts';

/** @param schemas what is known of the node's children, in their order. */
export function checkLiterals(node: ASTNode, schemas: readonly (Schema | undefined)[]): Issue[] {
  switch (node.op) {
    case '==':
    case '!=': {
      const [left, right] = node.args;
      return [...compared(left, schemas[1]), ...compared(right, schemas[0]), ...objects(node, schemas)];
    }
    case 'in': {
      const [, list] = node.args;
      const [left, right] = schemas;
      const items = list.op === 'list' ? list.args.flatMap((item) => compared(item, left)) : [];
      return [...items, ...compared(node.args[0], right && itemsOf(right)), ...objects(node, schemas)];
    }
    case 'call':
      return node.args[0] === 'timestamp' || node.args[0] === 'duration' ? converted(node, node.args[1]) : [];
    case 'rcall':
      return node.args[0] === 'matches' ? regex(node.args[2]) : [];
    default:
      return [];
  }
}

function compared(node: ASTNode, schema: Schema | undefined): Issue[] {
  const literal = literalOf(node);
  const allowed = schema === undefined ? undefined : literalsOf(schema);
  if (literal === undefined || allowed === undefined || allowed.includes(literal)) return [];
  const names = allowed.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  const hint = (typeof literal === 'string' ? didYouMean(literal, names) : undefined) ?? `one of ${listed(names)}`;
  const { start, end } = node;
  return [{ code: 'E_PLAYBOOK_ENUM', message: `It is never ${JSON.stringify(literal)}`, hint, start, end }];
}

function objects(node: ASTNode, schemas: readonly (Schema | undefined)[]): Issue[] {
  const isObject = schemas.some(
    (schema) => schema !== undefined && (isObjectSchema(schema) || isObjectSchema(itemsOf(schema))),
  );
  if (!isObject) return [];
  return [
    {
      code: 'E_PLAYBOOK_TYPE',
      message: 'Maps with fields cannot be compared',
      hint: 'compare the fields that matter',
      start: node.start,
      end: node.end,
    },
  ];
}

function isObjectSchema(schema: Schema | undefined): boolean {
  return schema !== undefined && typesOf(schema).includes('object') && isJsonObject(schema.properties);
}

function converted(node: ASTNode & { readonly op: 'call' }, [argument]: readonly ASTNode[]): Issue[] {
  if (argument === undefined || typeof literalOf(argument) !== 'string') return [];
  try {
    evaluate(node.input.slice(node.start, node.end));
    return [];
  } catch {
    const { start, end } = argument;
    const example = node.args[0] === 'duration' ? 'such as "90s" or "1h30m"' : 'such as "2026-01-31T03:00:00Z"';
    return [{ code: 'E_PLAYBOOK_LITERAL', message: `Not a ${node.args[0]}`, hint: example, start, end }];
  }
}

function regex([argument]: readonly ASTNode[]): Issue[] {
  const pattern = argument === undefined ? undefined : literalOf(argument);
  if (argument === undefined || typeof pattern !== 'string') return [];
  const { start, end } = argument;
  try {
    new RegExp(pattern);
    if (!isCatastrophic(pattern)) return [];
    const [message, hint] = CATASTROPHIC;
    return [{ code: 'E_PLAYBOOK_PATTERN', message, hint, start, end }];
  } catch {
    return [
      {
        code: 'E_PLAYBOOK_LITERAL',
        message: 'Not a valid regular expression',
        start,
        end,
      },
    ];
  }
}
