import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_RULES, stricter, withOperator } from '../../engine/project/rules.ts';
import type { RunRules } from '../../engine/run/rules.ts';

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 });
const rules: fc.Arbitrary<RunRules> = fc.record({
  limits: fc.dictionary(fc.constantFrom('user', 'session', 'row'), fc.integer({ min: 1, max: 9 })),
  protect: fc.record(
    {
      ids: names,
      emails: names,
      domains: names,
      metadata: fc.array(fc.record({ path: fc.constantFrom('x', 'y'), equals: fc.constantFrom(1, 'admin') }), {
        maxLength: 3,
      }),
      operator: fc.record({ ids: names, emails: names }),
    },
    { requiredKeys: ['ids', 'emails', 'domains', 'metadata'] },
  ),
});

/** Without the order of lists, which means nothing. */
function asSets({ limits, protect: { operator, ...protect } }: RunRules): unknown {
  const sorted = (lists: object): unknown =>
    Object.entries(lists).map(([key, list]) => [
      key,
      [...new Set(list.map((one: unknown) => JSON.stringify(one)))].sort(),
    ]);
  return { limits, protect: sorted(protect), operator: operator && sorted(operator) };
}

describe('of two sets of rules', () => {
  it('the smaller limit and every protection hold', () => {
    fc.assert(
      fc.property(rules, rules, (a, b) => {
        const both = stricter(a, b);
        for (const one of [a, b]) {
          for (const [kind, limit] of Object.entries(one.limits)) expect(both.limits[kind]).toBeLessThanOrEqual(limit);
          for (const key of ['ids', 'emails', 'domains', 'metadata'] as const)
            expect(both.protect[key]).toEqual(expect.arrayContaining([...one.protect[key]]));
          if (one.protect.operator)
            expect(both.protect.operator?.ids).toEqual(expect.arrayContaining([...one.protect.operator.ids]));
        }
      }),
    );
  });

  it('it makes no difference which comes first, how often, or how they are put together', () => {
    fc.assert(
      fc.property(rules, rules, rules, (a, b, c) => {
        expect(asSets(stricter(a, b))).toEqual(asSets(stricter(b, a)));
        expect(asSets(stricter(a, a))).toEqual(asSets(a));
        expect(asSets(stricter(a, NO_RULES))).toEqual(asSets(a));
        expect(asSets(stricter(stricter(a, b), c))).toEqual(asSets(stricter(a, stricter(b, c))));
      }),
    );
  });
});

describe('the operator', () => {
  const protecting: RunRules = { ...NO_RULES, protect: { ...NO_RULES.protect, operator: { ids: [], emails: [] } } };

  it('is protected by the address they go by, where operators are protected', () => {
    expect(withOperator(protecting, 'Ana@Shop.example').protect.operator?.emails).toEqual(['ana@shop.example']);
  });

  it('is not where the config says nothing of it, or where they go by no address', () => {
    expect(withOperator(NO_RULES, 'ana@shop.example')).toBe(NO_RULES);
    expect(withOperator(protecting, 'ana')).toBe(protecting);
  });
});
