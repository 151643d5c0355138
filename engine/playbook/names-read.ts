// What an expression reads, name by name: a plan must know which of it hangs on what is not known before the run.
import type { ASTNode } from '@marcbachmann/cel-js';
import { childrenOf, pathText } from './cel-tree.ts';

/**
 * `inputs.users`, `steps.review.output.users`, `item`: each as far as it is spelt out. Variables of macros are among them;
 * no name of a scope may be theirs.
 */
export function namesRead(tree: ASTNode): readonly string[] {
  const names = new Set<string>();
  const visit = (node: ASTNode): void => {
    const path = pathText(node);
    if (path !== undefined) names.add(path);
    else for (const child of childrenOf(node)) visit(child);
  };
  visit(tree);
  return [...names];
}

/** True where reading `name` sees `part`: the same, something of it, or what holds it. */
export function isNameWithin(name: string, part: string): boolean {
  return name === part || name.startsWith(`${part}.`) || part.startsWith(`${name}.`);
}
