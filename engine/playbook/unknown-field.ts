// What is said of a field that the object read does not have.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Schema } from '../json.ts';
import { pathText } from './cel-tree.ts';
import { propertiesOf } from './schema-shape.ts';
import { didYouMean, listed } from './suggest.ts';
import type { Issue } from './walk.ts';

export function unknownField(
  field: { readonly name: string; readonly base: ASTNode; readonly start: number; readonly end: number },
  base: Schema,
): Issue {
  const known = Object.keys(propertiesOf(base) ?? {});
  const owner = pathText(field.base);
  const { name, start, end } = field;
  if (owner === 'secrets' || owner === 'env') {
    const hint = didYouMean(name, known, `name it under \`requires.${owner}\``);
    return {
      code: 'E_PLAYBOOK_UNKNOWN_NAME',
      message: `\`${owner}.${name}\` is not named in \`requires.${owner}\``,
      hint,
      start,
      end,
    };
  }
  if (owner === 'inputs') {
    const hint = didYouMean(
      name,
      known,
      known.length === 0 ? 'this playbook has no inputs' : `its inputs: ${listed(known)}`,
    );
    return { code: 'E_PLAYBOOK_UNKNOWN_NAME', message: `Unknown input \`${name}\``, hint, start, end };
  }
  const step = owner === undefined ? undefined : /^steps\.(\w+)$/.exec(owner)?.[1];
  const noOutput = step !== undefined && name === 'output' && !known.includes('output');
  const hint = noOutput ? 'read the steps inside the group' : didYouMean(name, known, `it has: ${listed(known)}`);
  const message = noOutput
    ? `The group \`${step}\` has no output`
    : `Unknown field \`${name}\`${owner === undefined ? '' : ` of \`${owner}\``}`;
  return { code: 'E_PLAYBOOK_UNKNOWN_FIELD', message, hint, start, end };
}
