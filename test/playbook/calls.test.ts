import { expect, test } from 'vitest';
import type { PlaybookPort } from '../../engine/playbook/compile.ts';
import { fixtureActions } from '../fixtures/playbooks/actions.ts';
import { calledPlaybooks, compile, compilePlaybook, planOf, playbook, scope } from './helpers.ts';

const CALL = `  - id: check
    playbook: check-one
    with: { service: web }
    timeout: 5m
`;

/** Playbooks by name, and how often each was read. */
function portOf(texts: { readonly [name: string]: string }): PlaybookPort & { readonly reads: string[] } {
  const reads: string[] = [];
  return {
    reads,
    names: () => Object.keys(texts),
    read(name) {
      reads.push(name);
      const text = texts[name];
      return text === undefined ? undefined : { text, file: `${name}.yaml` };
    },
  };
}
function named(name: string, steps: string, top = ''): string {
  return playbook(steps, top).replace('name: test', `name: ${name}`);
}
function compileWith(texts: { readonly [name: string]: string }, main: string) {
  const playbooks = portOf(texts);
  const result = compilePlaybook({ text: main, file: 'test.yaml', actions: fixtureActions, playbooks });
  return { ...result, reads: playbooks.reads };
}

test('the steps of a called playbook stand under the call, in a unit of their own', () => {
  const plan = planOf(playbook(`${CALL}  - id: again\n    playbook: check-one\n    with: { service: db }\n`));
  expect([...plan.nodes].map(([path, node]) => [path, node.unit])).toEqual([
    ['', ''],
    ['check', ''],
    ['check/look', 'check'],
    ['again', ''],
    ['again/look', 'again'],
  ]);
  expect(plan.nodes.get('check')).toMatchObject({
    kind: 'call',
    playbook: 'check-one',
    parallel: 1,
    timeoutMs: 300_000,
  });
  expect([...plan.units.keys()]).toEqual(['', 'check', 'again']);
  expect(plan.units.get('again')?.paths.get('look')).toBe('again/look');
  expect(plan.units.get('again')?.file).toBe('check-one.yaml');
});

test('its outputs are the output of the call, typed as they are there', () => {
  const plan = planOf(
    playbook(CALL, 'outputs:\n  n: "${{ steps.check.status == \'done\' ? steps.check.output.count + 1 : 0 }}"\n'),
  );
  expect(plan.nodes.get('check')?.output).toMatchObject({
    properties: { count: { type: 'integer' }, text: { type: 'string' } },
    required: ['count', 'text'],
  });
  const output = { count: 2, text: 'web looked at' };
  expect(plan.outputs[0]?.value.resolve(scope({ steps: { check: { status: 'done', output } } }))).toBe(3);
});

test('calls nest, inside groups and loops too, and finally goes along', () => {
  const { plan, diagnostics } = compileWith(
    {
      outer: named(
        'outer',
        '  - id: each\n    forEach: "[1, 2]"\n    playbook: inner\n    with: { n: "${{ item }}" }\n',
      ),
      inner: named(
        'inner',
        '  - id: act\n    uses: test.noop\n',
        'inputs:\n  n: { type: integer }\nfinally:\n  - id: tell\n    uses: test.noop\n',
      ),
    },
    playbook('  - id: both\n    steps:\n      - id: call\n        playbook: outer\n'),
  );
  expect(diagnostics).toEqual([]);
  expect([...(plan?.nodes.keys() ?? [])]).toEqual([
    '',
    'both',
    'both/call',
    'both/call/each',
    'both/call/each[]',
    'both/call/each[]/act',
    'both/call/each[]/finally',
    'both/call/each[]/finally/tell',
  ]);
  expect(plan?.nodes.get('both/call/each[]/finally/tell')?.unit).toBe('both/call/each[]');
  expect(plan?.units.get('both/call/each[]')?.paths.get('tell')).toBe('both/call/each[]/finally/tell');
});

test('what a called playbook requires is required, the smaller limit and the shorter timeout hold', () => {
  const { plan } = compileWith(
    {
      inner: named(
        'inner',
        '  - id: act\n    uses: test.noop\n',
        'requires: { secrets: [B, A], optionalSecrets: [C], env: [HOME] }\nlimits: { user: 10, session: 5 }\ntimeout: 2m\nconcurrency: one\n',
      ),
    },
    playbook(
      '  - id: a\n    playbook: inner\n    timeout: 5m\n  - id: b\n    playbook: inner\n    timeout: 1m\n',
      'requires: { secrets: [A] }\nlimits: { user: 3, row: 7 }\n',
    ),
  );
  expect(plan?.requires).toEqual({ secrets: ['A', 'B'], optionalSecrets: ['C'], env: ['HOME'] });
  expect(plan?.limits).toEqual({ user: 3, session: 5, row: 7 });
  expect(plan?.concurrency).toBe('many');
  expect([plan?.nodes.get('a'), plan?.nodes.get('b')]).toMatchObject([{ timeoutMs: 120_000 }, { timeoutMs: 60_000 }]);
  expect(plan?.hasGroupTimeouts).toBe(true);
});

test('an error inside is told once, with its file, and where the playbook is called', () => {
  const main = playbook('  - id: a\n    playbook: wrong-inside\n  - id: b\n    playbook: wrong-inside\n');
  const { plan, diagnostics, sources } = compile(main);
  expect(plan).toBeUndefined();
  expect(diagnostics.map(({ code, location }) => `${location.file} ${code} ${location.line}`)).toEqual([
    'test.yaml E_PLAYBOOK_CALL 6',
    'test.yaml E_PLAYBOOK_CALL 8',
    'wrong-inside.yaml E_PLAYBOOK_UNKNOWN_FIELD 8',
  ]);
  expect([...sources]).toEqual([
    ['test.yaml', main],
    ['wrong-inside.yaml', calledPlaybooks.read('wrong-inside')?.text],
  ]);
});

test('a playbook that calls in a ring is told of it with all of the ring', () => {
  const { diagnostics } = compileWith(
    {
      a: named('a', '  - id: x\n    playbook: b\n'),
      b: named('b', '  - id: x\n    playbook: a\n'),
    },
    playbook('  - id: x\n    playbook: a\n'),
  );
  expect(diagnostics.map(({ code, location }) => `${location.file} ${code}`)).toEqual([
    'test.yaml E_PLAYBOOK_CALL',
    'a.yaml E_PLAYBOOK_CALL',
    'b.yaml E_PLAYBOOK_CYCLE',
  ]);
  expect(diagnostics.at(-1)?.message).toContain('`a` → `b` → `a`');
});

test('eight levels of calls are taken, nine are not', () => {
  const level = (n: number): string => playbook(`  - id: call\n    playbook: level-${n}\n`);
  expect(compile(level(2)).diagnostics).toEqual([]);
  expect(compile(level(1)).diagnostics).toMatchObject([{ code: 'E_PLAYBOOK_DEPTH' }]);
});

test('a chain of files without an end is cut off', () => {
  const endless: PlaybookPort = {
    names: () => [],
    read: (name) => {
      const next = Number(name.slice(1)) + 1;
      return { text: named(name, `  - id: call\n    playbook: p${next}\n`), file: `${name}.yaml` };
    },
  };
  const text = playbook('  - id: call\n    playbook: p1\n');
  const { diagnostics } = compilePlaybook({ text, file: 'test.yaml', actions: fixtureActions, playbooks: endless });
  expect(diagnostics.some(({ code }) => code === 'E_PLAYBOOK_DEPTH')).toBe(true);
  expect(diagnostics.length).toBeLessThan(100);
});

test('a playbook that is called a thousand times is read and compiled once', () => {
  const inner = named('inner', Array.from({ length: 50 }, (_, i) => `  - id: s${i}\n    uses: test.noop\n`).join(''));
  const calls = Array.from({ length: 1_000 }, (_, i) => `  - id: c${i}\n    playbook: inner\n`).join('');
  const { plan, reads, diagnostics } = compileWith({ inner }, playbook(calls));
  expect(diagnostics).toEqual([]);
  expect(reads).toEqual(['inner']);
  expect(plan?.nodes.size).toBe(51_001);
  // One expression compiled, seen from everywhere.
  const withs = ['c0/s0', 'c999/s0']
    .map((path) => plan?.nodes.get(path))
    .map((node) => node?.kind === 'uses' && node.with);
  expect(withs[0]).toBe(withs[1]);
});

test('without a place to read playbooks from, a call is refused', () => {
  const { diagnostics } = compilePlaybook({ text: playbook(CALL), file: 'test.yaml', actions: fixtureActions });
  expect(diagnostics).toMatchObject([{ code: 'E_PLAYBOOK_UNKNOWN_PLAYBOOK' }]);
});
