// Secrets stand only in `with`, and only as themselves: no operation may look at one.
import type { ASTNode } from '@marcbachmann/cel-js';
import { childrenOf, fieldOf } from './cel-tree.ts';
import type { Walk } from './walk.ts';

export function checkSecret(tree: ASTNode, walk: Walk): void {
  if (!walk.roots.has('secrets')) return;
  const whole = fieldOf(tree);
  if (whole?.base.op === 'id' && whole.base.args === 'secrets') {
    walk.secrets.add(whole.name);
    if (!walk.place.allowsSecrets) report(tree, 'A secret stands only in the `with` of an action', walk);
    return;
  }
  for (const node of secretNodes(tree)) report(node, 'A secret stands only whole, without any operation on it', walk);
}

function secretNodes(node: ASTNode): readonly ASTNode[] {
  if (node.op === 'id') return node.args === 'secrets' ? [node] : [];
  return childrenOf(node).flatMap(secretNodes);
}

function report(node: ASTNode, message: string, walk: Walk): void {
  const hint = 'pass it to the action that needs it, by `with`';
  walk.issues.push({ code: 'E_PLAYBOOK_SECRET', message, hint, start: node.start, end: node.end });
}
