import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtInActions } from '../../actions/index.ts';
import { compilePlaybook } from './helpers.ts';

const file = 'playbooks/breach-response.yaml';
const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

test('the built-in breach response checks without an error or a warning, and has the eight steps of the procedure', () => {
  const { plan, diagnostics } = compilePlaybook({
    text,
    file,
    actions: new Map(builtInActions.map((one) => [one.name, one])),
  });
  expect(diagnostics).toEqual([]);
  expect([...(plan?.nodes.keys() ?? [])]).toEqual([
    '',
    'identify',
    'confirm',
    'contain',
    'contain/revoke',
    'contain/ban',
    'watch',
    'reset_keys',
    'verification',
    'notify_users',
    'review_logs',
    'document',
  ]);
});
