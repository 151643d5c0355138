// Secrets stand only in `with`, and only as themselves: no operation may look at one, and no input that an action shows
// to others may hold one.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Action } from '../action.ts';
import { childrenOf, fieldOf } from './cel-tree.ts';
import { SECRETS_ALLOWED, type SecretsRule } from './scope.ts';
import type { Path } from './source.ts';
import type { Walk } from './walk.ts';

const NO_OPERATION = {
  message: 'A secret stands only whole, without any operation on it',
  hint: 'pass it to the action that needs it, by `with`',
};

export function checkSecret(tree: ASTNode, walk: Walk): void {
  if (!walk.roots.has('secrets')) return;
  const whole = fieldOf(tree);
  if (whole?.base.op === 'id' && whole.base.args === 'secrets') {
    walk.secrets.add(whole.name);
    const { secrets } = walk.place;
    if (!secrets.isAllowed) report(tree, secrets, walk);
    return;
  }
  for (const node of secretNodes(tree)) report(node, NO_OPERATION, walk);
}

/** The rule for a part of an action's `with`, by its path in it. */
export function secretsIn(action: Action | undefined, [input]: Path): SecretsRule {
  if (action?.exposes === undefined || typeof input !== 'string' || !action.exposes.includes(input))
    return SECRETS_ALLOWED;
  return {
    isAllowed: false,
    message: `\`${input}\` of \`${action.name}\` is visible to other users of the machine: no secret can stand in it`,
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
