import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compile } from './helpers.ts';

const folder = new URL('../fixtures/playbooks/valid/', import.meta.url);

test.each(readdirSync(folder))('%s is valid, without a warning', (file) => {
  const { plan, diagnostics } = compile(readFileSync(new URL(file, folder), 'utf8'), file);
  expect(diagnostics).toEqual([]);
  expect(plan?.name).toBe(file.replace('.yaml', ''));
});
