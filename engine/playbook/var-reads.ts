// `vars.<id>` in an expression: is there such a var, and is it computed by then?
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Schema } from '../json.ts';
import { didYouMean, listed } from './suggest.ts';
import type { Walk } from './walk.ts';

/** @returns its schema, where it is known. */
export function resolveVar(
  node: ASTNode,
  { name: id, start, end }: { readonly name: string; readonly start: number; readonly end: number },
  walk: Walk,
  mustBePresent: boolean,
): Schema | undefined {
  const { vars, varNames } = walk.scope;
  walk.reads.push({ kind: 'var', id, start: node.start, end: node.end });
  const schema = vars.get(id);
  if (schema === undefined) {
    const isLater = varNames.includes(id);
    const none = varNames.length === 0 ? 'this playbook has no vars' : `its vars: ${listed(varNames)}`;
    walk.issues.push({
      code: 'E_PLAYBOOK_UNKNOWN_NAME',
      message: isLater ? `The var \`${id}\` is not computed yet` : `Unknown var \`${id}\``,
      hint: isLater ? '`vars` are computed in the order of the file: move it up' : didYouMean(id, varNames, none),
      start,
      end,
    });
  } else if (!mustBePresent) {
    walk.issues.push({
      code: 'E_PLAYBOOK_EXPRESSION',
      message: `\`vars.${id}\` is always there`,
      hint: 'read it as it is',
      start: node.start,
      end: node.end,
    });
  }
  return schema;
}
