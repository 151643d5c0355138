import { expect, test } from 'vitest';
import { planJson } from '../../engine/cli/playbooks/plan-json.ts';
import { outlineLines } from '../../engine/cli/playbooks/playbook-outline.ts';
import { EVERYTHING, planActions, planOf } from './outline-plans.ts';

const lines = outlineLines(planOf(EVERYTHING), planActions, (text) => text);
const text = lines.join('\n');

/** The lines under a title, up to the next empty one. */
function section(title: string): readonly string[] {
  const start = lines.indexOf(title) + 1;
  expect(start).toBeGreaterThan(0);
  const end = lines.indexOf('', start);
  return lines.slice(start, end === -1 ? undefined : end);
}

test('says what a playbook is, what it asks for, and what it needs', () => {
  expect(lines[0]).toBe('One of everything (everything, outage, P1)');
  expect(text).toContain('  What the parts look like.');
  expect(section('Symptoms')).toEqual(['  It is slow']);
  expect(section('Inputs')).toEqual([
    '  hosts  list of text, separated by commas, default ["a","b"]: Which hosts',
    '  ticket  text, needed',
  ]);
  expect(section('Needs')).toEqual(['  secret API_KEY', '  environment variable REGION']);
  expect(section('Limits')).toEqual([
    '  more than 5 of kind switch in the whole run need an approval',
    '  at most 2 h of work in all',
    '  one run at a time',
  ]);
});

test('says before the steps what is destructive, who is waited for, and what can be undone', () => {
  expect(section('What it does')).toEqual([
    '  9 steps: 4 read, 1 changes something, 2 are destructive, 2 are done by people',
    '  Destructive: act/ban, purge',
    '  Waits for approval: act/ban',
    '  Destructive without asking, on purpose: purge',
    '  Can be undone: act/switch',
    '  Cannot be undone: act/ban, purge',
    '  For a time only, taken back at the end: act/switch',
  ]);
});

test('shows each step with what it is, what it waits for, and what happens when it fails', () => {
  expect(section('Steps')).toEqual([
    '  look  Look around  [test.find, reads]',
    '  act  Act  [group, up to 2 at once]',
    '      when steps.look.output.count > 0',
    '      at most 30 min',
    '    switch  Switch over  [test.switch-on, changes something]',
    '        can be undone',
    '        for 2 h only: taken back before the run ends',
    '        up to 3 attempts',
    '    ban  Ban them  [test.ban, destructive]',
    '        approval by 2 security: They are locked out',
    '        cannot be undone',
    '        on failure: abort',
    '    ask  Ask "them"  [a person]',
    '        fields: well',
    '        evidence needed',
    '        must hold: output.well',
    '  each  Each host  [group]',
    '      for each host of inputs.hosts, up to 2 at once',
    '    poll  Wait for it  [test.poll, reads]',
    '        until output.ready, every 5 s',
    '        at most 5 min',
    '  call  Call another  [playbook called]',
    '      on failure: continue',
    '    more  One more  [test.add, reads]',
    '    finally',
    '      tidy  Tidy up  [test.noop, reads]',
    '  purge  Purge  [test.ban, destructive]',
    '      no approval: It cannot wait',
    '      cannot be undone',
  ]);
  expect(section('Finally, however it ends')).toEqual(['  tell  Tell everybody  [a person]']);
});

test('lets no text of a playbook act on the terminal', () => {
  const plan = planOf(
    `apiVersion: runbook/v1\nname: nasty\ntitle: "A\\e[31m red\\ntitle"\nsteps:\n  - { id: look, title: "\\e]0;x\\aLook", uses: test.noop }\n`,
    'nasty.yaml',
  );
  const shown = outlineLines(plan, planActions, (one) => one).join('\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(shown).not.toMatch(/[\u0007\u001b]/);
  expect(shown).toContain('A red title (nasty');
});

test('gives machines the same, by path', () => {
  // Through JSON, as it is printed: keys without a value are not there.
  const json = JSON.parse(JSON.stringify(planJson(planOf(EVERYTHING), planActions)));
  expect(json).toMatchObject({
    name: 'everything',
    limits: { switch: 5 },
    concurrency: 'one',
    timeoutMs: 7_200_000,
    finally: [{ path: 'finally/tell', kind: 'manual' }],
    outputs: ['hosts'],
  });
  const [look, act, each, call] = json.steps;
  expect(look).toMatchObject({ path: 'look', effect: 'read' });
  expect(look).not.toHaveProperty('undo');
  expect(act.steps[0]).toMatchObject({ effect: 'change', undo: { by: 'action' }, temporaryMs: 7_200_000 });
  expect(act.steps[1]).toMatchObject({
    effect: 'destructive',
    undo: { by: null },
    approval: { by: 2, role: 'security' },
  });
  expect(each).toMatchObject({ kind: 'loop', forEach: 'inputs.hosts', as: 'host', concurrency: 2 });
  expect(each.steps[0]).toMatchObject({ path: 'each[]', steps: [{ path: 'each[]/poll' }] });
  expect(call).toMatchObject({ playbook: 'called', steps: [{ path: 'call/more' }, { path: 'call/finally' }] });
});

test('a reason to ask nobody makes no step destructive that only changes something', () => {
  const text = `apiVersion: runbook/v1\nname: waived\ntitle: Waived\nsteps:\n  - id: switch\n    uses: test.switch-on\n    with: { id: a }\n    approval: { none: It cannot wait }\n`;
  const shown = outlineLines(planOf(text, 'waived.yaml'), planActions, (line) => line).join('\n');
  expect(shown).toContain('no approval: It cannot wait');
  expect(shown).not.toContain('Destructive without asking');
});
