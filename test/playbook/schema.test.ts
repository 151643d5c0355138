import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isJsonObject, type Json } from '../../engine/json.ts';

const schema = JSON.parse(readFileSync(new URL('../../schemas/playbook.schema.json', import.meta.url), 'utf8')) as Json;

/** Every property an author can write, by its path in the schema, without a description or an example. */
function undocumented(node: Json, path: string): string[] {
  if (Array.isArray(node)) return node.flatMap((one: Json, index) => undocumented(one, `${path}/${index}`));
  if (!isJsonObject(node)) return [];
  return Object.entries(node).flatMap(([key, value]) => {
    const own =
      key === 'properties' && isJsonObject(value) && !path.includes('dependentSchemas') ? Object.entries(value) : [];
    const bare = own.filter(
      ([, one]) => isJsonObject(one) && !('description' in one && ('examples' in one || '$ref' in one)),
    );
    return [...bare.map(([name]) => `${path}/${name}`), ...undocumented(value, `${path}/${key}`)];
  });
}

test('every key of the language has a description and an example, for editors', () => {
  expect(undocumented(schema, '')).toEqual([]);
});
