// What no run may do, whatever its playbook says: limits and protection, of the project and of its environments.
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../json.ts';
import { listAt, objectAt, textAt, textsAt } from '../playbook/read.ts';
import { type RunRules, stricterLimits } from '../run/rules.ts';

export const NO_RULES: RunRules = { limits: {}, protect: { ids: [], emails: [], domains: [], metadata: [] } };

/** `limits` and `protect` of the config or of an environment; what does not fit the schema is left out, as reported. */
export function readRules(from: JsonObject): RunRules {
  const protect = objectAt(from, 'protect') ?? {};
  const operator = objectAt(protect, 'operator');
  const limits = Object.entries(objectAt(from, 'limits') ?? {}).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  );
  return {
    limits: Object.fromEntries(limits),
    protect: {
      ids: textsAt(protect, 'ids'),
      emails: lowerCase(textsAt(protect, 'emails')),
      domains: lowerCase(textsAt(protect, 'domains')),
      metadata: listAt(protect, 'metadata').flatMap((one) => {
        const path = isJsonObject(one) ? textAt(one, 'path') : undefined;
        return path === undefined || !isJsonObject(one) ? [] : [{ path, equals: one.equals ?? null }];
      }),
      ...(textsAt(protect, 'kinds').length === 0 ? {} : { kinds: textsAt(protect, 'kinds') }),
      ...(operator === undefined
        ? {}
        : { operator: { ids: textsAt(operator, 'ids'), emails: lowerCase(textsAt(operator, 'emails')) } }),
    },
  };
}

/** Both hold: the smaller limit, the protection of either. */
export function stricter(a: RunRules, b: RunRules): RunRules {
  const [one, other] = [a.protect, b.protect];
  const kinds = union(one.kinds ?? [], other.kinds ?? []);
  const operators = [one.operator, other.operator].filter((operator) => operator !== undefined);
  return {
    limits: Object.fromEntries(stricterLimits(a.limits, b.limits)),
    protect: {
      ids: union(one.ids, other.ids),
      emails: union(one.emails, other.emails),
      domains: union(one.domains, other.domains),
      metadata: union(one.metadata, other.metadata),
      ...(kinds.length === 0 ? {} : { kinds }),
      ...(operators.length === 0
        ? {}
        : {
            operator: {
              ids: union(...operators.map(({ ids }) => ids)),
              emails: union(...operators.map(({ emails }) => emails)),
            },
          }),
    },
  };
}

/** The address an operator goes by, where the rules protect operators at all. */
export function withOperator(rules: RunRules, operator: string): RunRules {
  const { protect } = rules;
  if (protect.operator === undefined || !operator.includes('@')) return rules;
  const { ids, emails } = protect.operator;
  return {
    ...rules,
    protect: { ...protect, operator: { ids, emails: union(emails, [operator.trim().toLowerCase()]) } },
  };
}

function union<T extends Json>(...lists: readonly (readonly T[])[]): readonly T[] {
  return [...new Map(lists.flat().map((item) => [canonicalJson(item), item])).values()];
}

function lowerCase(texts: readonly string[]): readonly string[] {
  return texts.map((text) => text.toLowerCase());
}
