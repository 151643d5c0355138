import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const sources = ['engine', 'actions'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8')),
);
const listed = readFileSync(join(root, 'docs/errors.md'), 'utf8').match(/^\| ([EW]_[A-Z_]+) /gm) ?? [];

test('docs/errors.md lists exactly the codes that the sources use', () => {
  const used = new Set(
    sources.flatMap((text) => text.match(/'[EW]_[A-Z_]*[A-Z]'/g) ?? []).map((code) => code.slice(1, -1)),
  );
  expect(listed.map((row) => row.slice(2).trim()).sort()).toEqual([...used].sort());
});
