import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtInActions } from '../../actions/index.ts';
import { propertiesOf } from '../../engine/playbook/schema-shape.ts';
import { RUN_SCHEMA } from '../../engine/playbook/scope.ts';
import { playbookReference } from '../../scripts/playbook-reference.ts';
import { compilePlaybook } from '../playbook/helpers.ts';

const page = readFileSync(new URL('../../docs/playbooks.md', import.meta.url), 'utf8');

test('docs/playbooks.md is what `npm run docs` writes', () => {
  expect(page === playbookReference(), 'npm run docs').toBe(true);
});

test('its links lead to headings that are there', () => {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
  expect(links.length).toBeGreaterThan(8);
  expect(links.filter((anchor) => !headings.includes(anchor ?? ''))).toEqual([]);
});

test('the playbook that it shows checks without a word', () => {
  const actions = new Map(builtInActions.map((action) => [action.name, action]));
  const shown = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);
  const whole = shown.filter((text) => /^apiVersion:/m.test(text) && /^steps:/m.test(text));
  expect(whole).toHaveLength(1);
  for (const text of whole)
    expect(compilePlaybook({ text, file: 'restart-shop.yaml', actions }).diagnostics).toEqual([]);
});

test('it names all that expressions can read of a run', () => {
  const row = /^\| `run` \| (.+) \|/m.exec(page)?.[1] ?? '';
  const named = [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect(named.sort()).toEqual(Object.keys(propertiesOf(RUN_SCHEMA) ?? {}).sort());
});
