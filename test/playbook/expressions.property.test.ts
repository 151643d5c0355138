import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RunbookError } from '../../engine/errors.ts';
import type { JsonObject, Schema } from '../../engine/json.ts';
import { createCollector } from '../../engine/playbook/collector.ts';
import { type CheckedExpression, compileExpression } from '../../engine/playbook/expressions.ts';
import { NO_FACTS } from '../../engine/playbook/facts.ts';
import { objectSchema } from '../../engine/playbook/schema-shape.ts';
import { createScope, type Place, SECRETS_ONLY_IN_WITH } from '../../engine/playbook/scope.ts';
import type { Inside } from '../../engine/playbook/source.ts';
import { scope } from './helpers.ts';

// Typed inputs of every kind, all required: no operand is dyn.
const text = (more = {}): Schema => ({ type: 'string', ...more });
const list = (items: Schema): Schema => ({ type: 'array', items });
const int: Schema = { type: 'integer' };
const playbookScope = createScope({
  inputs: objectSchema({
    s: text(),
    e: text({ enum: ['a', 'b'] }),
    i: int,
    n: { type: 'number' },
    b: { type: 'boolean' },
    ls: list(text()),
    li: list(int),
    o: objectSchema({ s: text(), i: int, ls: list(text()) }),
    lo: list(objectSchema({ s: text(), i: int, q: text() }, ['q'])),
    ms: { type: 'object', additionalProperties: int },
  }),
  env: [],
  secrets: [],
  steps: new Map(),
});
const entry = objectSchema({ s: text(), i: int, q: text() }, ['q']);
playbookScope.vars.set('vi', int).set('vl', list(entry));
const locals = new Map([
  ['item', entry],
  ['row', list(int)],
]);
const place: Place = { reader: 'end', secrets: SECRETS_ONLY_IN_WITH, facts: NO_FACTS, locals };

function check(source: string, collector = createCollector()): CheckedExpression | undefined {
  const inside: Inside = (offset, length) => ({ location: { file: 'x', line: 1, column: offset + 1 }, length });
  return compileExpression({ source, inside, place, scope: playbookScope, collector, expects: 'any' });
}

const integer = fc.integer({ min: -1_000, max: 1_000 });
const values: fc.Arbitrary<JsonObject> = fc.record({
  s: fc.string(),
  e: fc.constantFrom('a', 'b'),
  i: integer,
  n: fc.double({ noNaN: true, noDefaultInfinity: true }),
  b: fc.boolean(),
  ls: fc.array(fc.string(), { maxLength: 4 }),
  li: fc.array(integer, { maxLength: 4 }),
  o: fc.record({ s: fc.string(), i: integer, ls: fc.array(fc.string(), { maxLength: 3 }) }),
  lo: fc.array(fc.record({ s: fc.string(), i: integer, q: fc.string() }, { requiredKeys: ['s', 'i'] }), {
    maxLength: 3,
  }),
  ms: fc.dictionary(fc.constantFrom('k', 'm'), integer),
});
const entries = fc.record({ s: fc.string(), i: integer, q: fc.string() }, { requiredKeys: ['s', 'i'] });
const vars: fc.Arbitrary<JsonObject> = fc.record({ vi: integer, vl: fc.array(entries, { maxLength: 3 }) });
const items: fc.Arbitrary<JsonObject> = fc.record({ item: entries, row: fc.array(integer, { maxLength: 3 }) });
const { tree } = fc.letrec<{ tree: string }>((tie) => {
  const sub = tie('tree');
  const binary = fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', '&&', '||', 'in');
  return {
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(
        'inputs.s',
        'inputs.e',
        'inputs.i',
        'inputs.n',
        'inputs.b',
        'inputs.ls',
        'inputs.li',
        'inputs.o',
        'inputs.lo',
        'inputs.ms',
        'inputs.o.i',
        'inputs.o.ls',
        'vars.vi',
        'vars.vl',
        'item',
        'item.i',
        'item.q',
        'row',
        'x',
        'x.i',
        'x.q',
      ),
      fc.constantFrom(
        '1',
        '2.5',
        '"a"',
        'true',
        '[1, 2]',
        '["a"]',
        '{"k": 1}',
        'run.isDrill',
        'timestamp(run.startedAt)',
        'duration("5s")',
      ),
      fc.tuple(sub, binary, sub).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(sub, sub, sub).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc
        .tuple(sub, fc.constantFrom('exists', 'all', 'filter', 'map', 'exists_one'), sub)
        .map(([a, name, b]) => `${a}.${name}(x, ${b})`),
      fc.tuple(fc.constantFrom('size', 'string', 'int', 'double', '!', '-', 'type'), sub).map(([f, a]) => `${f}(${a})`),
      fc
        .tuple(sub, fc.constantFrom('startsWith', 'contains', 'join', 'split'), sub)
        .map(([a, f, b]) => `${a}.${f}(${b})`),
      fc.tuple(sub, sub).map(([a, b]) => `${a}[${b}]`),
      fc.tuple(sub).map(([a]) => `(has(x.q) && ${a})`),
    ),
  };
});

/** Failures that say "this value has the wrong type": the checker must have seen them coming. */
const TYPE_FAULTS = new Set([
  'no_such_overload',
  'no_matching_overload',
  'variable_type_mismatch',
  'field_type_mismatch',
  'list_item_type_mismatch',
  'invalid_logical_operand',
  'invalid_condition_type',
  'invalid_index_type',
  'cannot_index_type',
  'unknown_variable',
  'unsupported_type',
]);

describe('expressions', () => {
  test('an expression without dyn operands that checks clean never fails for types', () => {
    let clean = 0;
    fc.assert(
      fc.property(tree, values, vars, items, (source, inputs, ofVars, ofLoops) => {
        const expression = check(source);
        if (expression === undefined) return;
        clean += 1;
        try {
          expression.evaluate(scope({ inputs, vars: ofVars, locals: ofLoops }));
        } catch (error) {
          expect(error).toBeInstanceOf(RunbookError);
          const { cause } = error as RunbookError;
          const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'none';
          expect(TYPE_FAULTS.has(code), `${source} with ${JSON.stringify(inputs)}: ${(error as Error).message}`).toBe(
            false,
          );
        }
      }),
      { numRuns: 4_000 },
    );
    // The property would be empty if hardly any expression checked.
    expect(clean).toBeGreaterThan(400);
  });

  test('no text, however odd, makes the checker throw', () => {
    const odd = fc.oneof(
      fc.string({ unit: 'binary' }),
      tree,
      fc.string().map((text) => `steps.${text}`),
      fc.string().map((text) => `inputs.s.matches("${text}")`),
    );
    fc.assert(
      fc.property(odd, (source) => {
        const collector = createCollector();
        check(source, collector);
        expect(collector.list().every((one) => one.location.column >= 1 && one.length >= 1)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
