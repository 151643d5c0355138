// `contacts.…` in an expression, against what the contacts file holds. Only a warning: a run takes the file as it is then.
import type { ASTNode } from '@marcbachmann/cel-js';
import { isJsonObject, type Json } from '../json.ts';
import { pathText } from './cel-tree.ts';
import type { Facts } from './facts.ts';
import { didYouMean, listed } from './suggest.ts';
import type { Walk } from './walk.ts';

/** Warns of a name that the file does not hold, once for a path: at the first part that is missing. */
export function checkContact(
  node: ASTNode,
  field: { readonly name: string; readonly base: ASTNode; readonly start: number; readonly end: number },
  walk: Walk,
  facts: Facts,
): void {
  const { contacts } = walk.scope;
  const path = pathText(node);
  if (contacts === undefined || path === undefined || facts.has(path)) return;
  const [root, ...names] = path.split('.');
  if (root !== 'contacts') return;
  let owner: Json | undefined = contacts;
  for (const name of names.slice(0, -1)) owner = isJsonObject(owner) ? owner[name] : undefined;
  if (!isJsonObject(owner) || Object.hasOwn(owner, field.name)) return;
  const known = Object.keys(owner);
  const where = names.length === 1 ? 'The contacts file' : `\`${[root, ...names.slice(0, -1)].join('.')}\``;
  walk.warnings.push({
    code: 'W_PLAYBOOK_UNKNOWN_CONTACT',
    message: `${where} has no \`${field.name}\``,
    hint: didYouMean(field.name, known, known.length === 0 ? undefined : `it has: ${listed(known)}`),
    start: field.start,
    end: field.end,
  });
}
