import { describe, expect, test } from 'vitest';
import { builtInActions } from '../../actions/index.ts';
import { fixtureActions } from '../fixtures/playbooks/actions.ts';
import { compile, compilePlaybook, playbook } from './helpers.ts';

const NOOP = '  - id: act\n    uses: test.noop\n';

describe('a value that is marked as secret', () => {
  test('is an input or a field as a whole, and stands in the `with` of an action, whole or inside text', () => {
    const steps = `
  - id: ask
    manual: Type the new key
    fields:
      key: { type: string, secret: true }
  - id: use
    uses: test.mint
    with: { token: "Bearer \${{ inputs.token }}/\${{ steps.ask.output.key }}" }
`;
    expect(compile(playbook(steps, 'inputs:\n  token: { type: string, secret: true }\n')).diagnostics).toEqual([]);
  });

  test.each([
    ['whole lists that hold it, in `with`', 'with: { keys: "${{ steps.make.output.keys }}" }'],
    [
      'entries that are chosen by other fields',
      `with: { keys: "\${{ steps.make.output.keys.filter(k, k.id != 'x') }}" }`,
    ],
    ['one that may be absent', 'with: { token: "${{ steps.make.output.?spare }}" }'],
    [
      'one that is asked for first',
      'when: has(steps.make.output.spare)\n    with: { token: "${{ steps.make.output.spare }}" }',
    ],
    ['one of any name', 'with: { token: "${{ steps.make.output.byName.ci }}" }'],
    ['how many there are', 'when: size(steps.make.output.keys) > 0 && steps.make.output.keys.size() > 0'],
    ['what stands beside it', "when: steps.make.output.keys.exists(k, k.id == 'x') && steps.make.output.count > 1"],
  ])('leaves to expressions: %s', (_what, use) => {
    const steps = `  - id: make\n    uses: test.mint\n  - id: use\n    uses: test.mint\n    ${use}\n`;
    expect(compile(playbook(steps)).diagnostics).toEqual([]);
  });

  test.each([
    ['compared in a list', 'when: "\'x\' in steps.make.output.keys.map(k, k.value)"'],
    ['bound to a name', 'with: { token: "${{ cel.bind(t, steps.make.output.token, t) }}" }'],
    ['in a list of its own', 'with: { keys: "${{ [steps.make.output.token] }}" }'],
    ['by a name that is computed', 'with: { token: "${{ steps.make.output.byName[run.id] }}" }'],
    ['measured', 'when: size(steps.make.output.token) > 3'],
    ['in the condition of an entry', "when: steps.make.output.keys.exists(k, k.value == 'x')"],
    ['as text', 'with: { token: "${{ string(steps.make.output.token) }}" }'],
    ['in a loop, from outside', 'with: { keys: "${{ steps.each.output.map(one, one.?output) }}" }'],
  ])('is in no operation: %s', (_what, use) => {
    const steps = `
  - id: make
    uses: test.mint
  - id: each
    forEach: "[1, 2]"
    uses: test.mint
  - id: use
    uses: test.mint
    ${use}
`;
    const { diagnostics } = compile(playbook(steps));
    expect(diagnostics.map(({ code }) => code)).toEqual(['E_PLAYBOOK_SECRET']);
  });

  test('says what is secret, why it cannot stand there, and what to do', () => {
    const steps = '  - id: make\n    uses: test.mint\noutputs:\n  made: ${{ steps.make.output }}\n';
    expect(compile(playbook(steps)).diagnostics).toMatchObject([
      {
        message:
          '`steps.make.output` holds what is secret: `token`, `spare`, `keys[].value`, …. A secret stands only in the `with` of an action',
        hint: 'read the fields that are not secret, by their names',
      },
    ]);
  });

  test('is an input of a called playbook where that marks it as secret', () => {
    const called = playbook(
      '  - id: use\n    uses: test.mint\n    with: { token: "${{ inputs.key }}" }\n',
      'inputs:\n  key: { type: string, secret: true }\n',
    ).replace('name: test', 'name: inner');
    const top = 'inputs:\n  token: { type: string, secret: true }\nrequires: { secrets: [API_KEY] }\n';
    const text = playbook(
      '  - id: call\n    playbook: inner\n    with: { key: "${{ secrets.API_KEY }}:${{ inputs.token }}" }\n',
      top,
    );
    const playbooks = { names: () => ['inner'], read: () => ({ text: called, file: 'inner.yaml' }) };
    expect(compilePlaybook({ text, file: 'test.yaml', actions: fixtureActions, playbooks }).diagnostics).toEqual([]);
  });

  test.each([
    ['in an object', '{ type: object, properties: { token: { type: string, secret: true } } }'],
    ['in the entries of a list', '{ type: array, items: { secret: true } }'],
    ['in a branch', '{ anyOf: [{ type: integer }, { type: string, secret: true }] }'],
    ['of any name', '{ type: object, additionalProperties: { type: string, secret: true } }'],
    ['in a definition', '{ type: object, $defs: { key: { secret: true } } }'],
  ])('is found %s', (_where, schema) => {
    const steps = `  - id: ask\n    manual: Look\n    fields:\n      given: ${schema}\n`;
    expect(compile(playbook(steps)).diagnostics.map(({ code }) => code)).toEqual(['E_PLAYBOOK_SECRET']);
  });

  test.each([
    ['a property of that name', '{ type: object, properties: { secret: true } }'],
    ['a default that holds the word', '{ type: object, default: { secret: true } }'],
    ['a schema that says it is none', '{ type: string, secret: false }'],
  ])('is not mistaken for %s', (_what, schema) => {
    expect(compile(playbook(NOOP, `inputs:\n  given: ${schema}\n`)).diagnostics).toEqual([]);
  });
});

describe('an input of an action that other users of the machine can see', () => {
  const top = 'requires: { secrets: [API_KEY] }\n';
  const step = (uses: string, input: string): string =>
    `  - id: act\n    uses: ${uses}\n    effect: read\n    with: ${input}\n`;

  test.each(['"${{ secrets.API_KEY }}"', '"--token=${{ secrets.API_KEY }}"'])('takes no secret: %s', (argument) => {
    const { plan, diagnostics } = compile(playbook(step('test.shell', `{ command: [curl, ${argument}] }`), top));
    expect(plan).toBeUndefined();
    expect(diagnostics).toMatchObject([
      {
        code: 'E_PLAYBOOK_SECRET',
        message: '`command` of `test.shell` is seen by others: no secret can stand in it',
        hint: 'pass it in another input of the action, such as `env` or `stdin`',
      },
    ]);
  });

  test('leaves the action its other inputs for secrets', () => {
    const { diagnostics } = compile(
      playbook(step('test.shell', '{ command: [curl], stdin: "${{ secrets.API_KEY }}" }'), top),
    );
    expect(diagnostics).toEqual([]);
  });

  test('is the command of shell.run, and not its env', () => {
    const actions = new Map(builtInActions.map((action) => [action.name, action]));
    const codesOf = (input: string): string[] =>
      compilePlaybook({ text: playbook(step('shell.run', input), top), file: 'test.yaml', actions }).diagnostics.map(
        ({ code }) => code,
      );
    expect(codesOf('{ command: [curl, "${{ secrets.API_KEY }}"] }')).toEqual(['E_PLAYBOOK_SECRET']);
    expect(codesOf('{ command: [curl], env: { KEY: "${{ secrets.API_KEY }}" } }')).toEqual([]);
  });
});
