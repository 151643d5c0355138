import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withCommandName } from '../../engine/cli/command-name.ts';

const npx = { npm_command: 'exec' };

describe('next commands for somebody who started through npx', () => {
  it.each([
    ['  runbook resume k3j', '  npx runbook resume k3j'],
    ['Report: runbook report k3j', 'Report: npx runbook report k3j'],
    ['a\nrunbook drill   rehearse\nrunbook --help', 'a\nnpx runbook drill   rehearse\nnpx runbook --help'],
  ])('begin with npx: %j', (words, typed) => {
    expect(withCommandName(words, npx)).toBe(typed);
  });

  it('are known by every name that the program has', () => {
    const program = readFileSync(new URL('../../engine/cli/main.ts', import.meta.url), 'utf8');
    const names = [...program.matchAll(/\bcommand\('([a-z]+)/g)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) expect(withCommandName(`runbook ${name} x`, npx)).toBe(`npx runbook ${name} x`);
  });

  it.each([
    'a fault of runbook itself',
    'npx runbook resume',
    'state/runbook/runs.db',
    '{"text":"then runbook resume"}',
    '# Incident Report: runbook resume did not work',
  ])('leave everything else as it is: %j', (text) => {
    expect(withCommandName(text, npx)).toBe(text);
  });

  it('stay as they are otherwise', () => {
    expect(withCommandName('runbook resume k3j', {})).toBe('runbook resume k3j');
  });
});
