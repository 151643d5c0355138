// Secrets, named ones and fields marked `secret: true`, stand only in `with`, and only as themselves: no operation may look at one, and no input that an action shows
// to others may hold one.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Action } from '../action.ts';
import type { Schema } from '../json.ts';
import { childrenOf, fieldOf, pathText } from './cel-tree.ts';
import { SECRETS_ALLOWED, type SecretsRule } from './scope.ts';
import { holdsSecret, isSecret, secretNames } from './secret-fields.ts';
import type { Path } from './source.ts';
import type { Walk } from './walk.ts';

const NO_OPERATION = {
  message: 'A secret stands only whole, without any operation on it',
  hint: 'pass it to the action that needs it, by `with`',
};

/** @param schema what the whole expression gives, where that is known. */
export function checkSecret(tree: ASTNode, schema: Schema | undefined, walk: Walk): void {
  const { secrets } = walk.place;
  if (!secrets.isAllowed && schema !== undefined && holdsSecret(schema)) {
    const message = `${whatIsSecret(tree, schema)}. ${secrets.message}`;
    report(tree, { message, hint: isSecret(schema) ? secrets.hint : READ_THE_OTHERS }, walk);
  }
  if (!walk.roots.has('secrets')) return;
  const whole = fieldOf(tree);
  if (whole?.base.op === 'id' && whole.base.args === 'secrets') {
    walk.secrets.add(whole.name);
    if (!secrets.isAllowed) report(tree, secrets, walk);
    return;
  }
  for (const node of secretNodes(tree)) report(node, NO_OPERATION, walk);
}

/** Reports a value that is secret, or holds one, where an operation would look at it. */
export function refuseSecret(node: ASTNode, schema: Schema | undefined, walk: Walk): void {
  if (schema === undefined || !holdsSecret(schema)) return;
  const hint = isSecret(schema) ? NO_OPERATION.hint : READ_THE_OTHERS;
  report(node, { message: `${whatIsSecret(node, schema)}. ${NO_OPERATION.message}`, hint }, walk);
}

/** How many entries there are is no secret. */
export function checkSize(node: ASTNode, schema: Schema | undefined, walk: Walk): void {
  if (schema !== undefined && isSecret(schema)) refuseSecret(node, schema, walk);
}

const READ_THE_OTHERS = 'read the fields that are not secret, by their names';
const MOST_NAMED = 3;

function whatIsSecret(node: ASTNode, schema: Schema): string {
  const path = pathText(node);
  const value = path === undefined ? 'This value' : `\`${path}\``;
  if (isSecret(schema)) return `${value} is secret`;
  const names = secretNames(schema);
  const shown = names.slice(0, MOST_NAMED).map((name) => `\`${name}\``);
  return `${value} holds what is secret: ${shown.join(', ')}${names.length > MOST_NAMED ? ', …' : ''}`;
}

/** The rule for a part of an action's `with`, by its path in it. */
export function secretsIn(action: Action | undefined, [input]: Path): SecretsRule {
  if (action?.exposes === undefined || typeof input !== 'string' || !action.exposes.includes(input))
    return SECRETS_ALLOWED;
  return {
    isAllowed: false,
    message: `\`${input}\` of \`${action.name}\` is seen by others: no secret can stand in it`,
    hint: 'pass it in another input of the action, such as `env` or `stdin`',
  };
}

function secretNodes(node: ASTNode): readonly ASTNode[] {
  if (node.op === 'id') return node.args === 'secrets' ? [node] : [];
  return childrenOf(node).flatMap(secretNodes);
}

function report(
  node: ASTNode,
  { message, hint }: { readonly message: string; readonly hint: string },
  walk: Walk,
): void {
  walk.issues.push({ code: 'E_PLAYBOOK_SECRET', message, hint, start: node.start, end: node.end });
}
