// JSON values become values of CEL once, however many expressions read them.
import { expect, it } from 'vitest';
import type { Json } from '../../engine/json.ts';
import { coerceText } from '../../engine/playbook/coerce.ts';
import { resolveInputs } from '../../engine/playbook/inputs.ts';
import { planOf, playbook, scope } from './helpers.ts';

/** A list that counts how often its first entry is read. */
function counting(first: Json): { readonly list: readonly Json[]; readonly reads: () => number } {
  let reads = 0;
  const list: Json[] = [null];
  Object.defineProperty(list, 0, {
    enumerable: true,
    get() {
      reads += 1;
      return first;
    },
  });
  return { list, reads: () => reads };
}

it.each([
  [
    'a typed list of inputs',
    '{ type: array, items: { type: object, properties: { n: { type: integer } }, required: [n], additionalProperties: false } }',
    'size(inputs.l) == 1',
  ],
  ['a list of anything', '{}', 'size(inputs.l) == 1'],
])('%s is converted once', (_, schema, when) => {
  const text = playbook(`  - id: act\n    when: ${when}\n    uses: test.noop\n`, `inputs:\n  l: ${schema}\n`);
  const condition = planOf(text).nodes.get('act')?.when;
  const { list, reads } = counting({ n: 1 });
  const given = scope({ inputs: { l: list } });
  expect(condition?.evaluate(given)).toBe(true);
  const once = reads();
  expect(once).toBeGreaterThan(0);
  // Another scope, as each step has its own, over the same inputs.
  expect(condition?.evaluate({ ...given })).toBe(true);
  expect(reads()).toBe(once);
});

it('an integer that cannot be kept exactly stays text, and is refused', () => {
  const { inputs } = planOf(playbook('  - id: act\n    uses: test.noop\n', 'inputs:\n  n: { type: integer }\n'));
  const { errors } = resolveInputs({ name: 'test', inputs }, { n: '9007199254740993' });
  expect(errors.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'E_INPUT_INVALID Input `n`: must be a whole number, not the text "9007199254740993"',
  ]);
});

it.each<[string, string, Json]>([
  ['integer', '9007199254740991', 9007199254740991],
  ['integer', '1e3', 1000],
  ['number', '9007199254740993', '9007199254740993'],
  ['number', '1e300', 1e300],
  ['number', '0.1', 0.1],
  ['object', '{"id": 9007199254740993, "n": 1e300, "m": 2}', { id: '9007199254740993', n: 1e300, m: 2 }],
  ['array', '[9007199254740993, 1]', ['9007199254740993', 1]],
])('%s: %s', (type, text, value) => expect(coerceText(text, { type })).toEqual(value));
