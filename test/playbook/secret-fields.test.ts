import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json, Schema } from '../../engine/json.ts';
import { mapSecrets, sealValue, secretMarkProblem } from '../../engine/playbook/secret-fields.ts';

const SECRET: Schema = { type: 'string', secret: true };

/** A schema of any depth with a value that fits it, and the secret texts in that value. */
interface Shaped {
  readonly schema: Schema;
  readonly value: Json;
  readonly secrets: readonly string[];
}
const name = fc.constantFrom('a', 'b', 'a.b', '__proto__', 'secret', 'properties', 'items');
const shaped = fc.letrec<{ readonly any: Shaped }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ minLength: 1 }).map((text) => ({ schema: SECRET, value: `§${text}§`, secrets: [`§${text}§`] })),
    fc.string().map((text) => ({ schema: { type: 'string' }, value: text.replaceAll('§', ''), secrets: [] })),
    fc.integer().map((value) => ({ schema: { type: 'integer' }, value, secrets: [] })),
    fc.tuple(tie('any'), fc.integer({ min: 0, max: 3 })).map(([item, count]) => ({
      schema: { type: 'array', items: item.schema },
      value: Array.from({ length: count }, () => item.value),
      secrets: Array.from({ length: count }, () => item.secrets).flat(),
    })),
    fc.tuple(name, tie('any')).map(([key, item]) => ({
      schema: { type: 'object', additionalProperties: item.schema },
      value: Object.fromEntries([[key, item.value]]),
      secrets: item.secrets,
    })),
    fc.uniqueArray(fc.tuple(name, tie('any')), { selector: ([key]) => key, maxLength: 4 }).map((fields) => ({
      schema: { type: 'object', properties: Object.fromEntries(fields.map(([key, item]) => [key, item.schema])) },
      value: Object.fromEntries(fields.map(([key, item]) => [key, item.value])),
      secrets: fields.flatMap(([, item]) => item.secrets),
    })),
  ),
})).any;

test('sealed, a value holds none of its secrets, and has each back in its place by its handle', () => {
  fc.assert(
    fc.property(shaped, ({ schema, value, secrets }) => {
      expect(secretMarkProblem(schema)).toBeUndefined();
      const { sealed, values } = sealValue(schema, value, 'make');
      expect(JSON.stringify(sealed)).not.toContain('§');
      expect([...values.values()].sort()).toEqual([...secrets].sort());
      expect(mapSecrets(schema, sealed, (handle) => values.get(handle) ?? 'lost')).toEqual(value);
    }),
  );
});

describe('a mark that leads to no certain place in a value', () => {
  test.each<[string, Schema, string | undefined]>([
    ['text', SECRET, undefined],
    ['text that may be null', { type: ['string', 'null'], secret: true }, undefined],
    ['a field in a list', { type: 'array', items: { type: 'object', properties: { a: SECRET } } }, undefined],
    ['a number', { type: 'object', properties: { pin: { type: 'integer', secret: true } } }, 'needs `type: string`'],
    ['a list', { type: 'array', items: SECRET, secret: true }, 'needs `type: string`'],
    ['anything', { secret: true }, 'needs `type: string`'],
    ['a branch', { anyOf: [SECRET, { type: 'integer' }] }, 'no value is certain'],
    ['a definition', { $defs: { key: SECRET }, $ref: '#/$defs/key' }, 'no value is certain'],
    ['names by a pattern', { type: 'object', patternProperties: { '^k': SECRET } }, 'no value is certain'],
    ['a place in a list', { type: 'array', prefixItems: [SECRET] }, 'no value is certain'],
  ])('is told: %s', (_what, schema, problem) => {
    if (problem === undefined) expect(secretMarkProblem(schema)).toBeUndefined();
    else expect(secretMarkProblem(schema)).toContain(problem);
  });
});
