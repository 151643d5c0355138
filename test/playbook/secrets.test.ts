import { describe, expect, test } from 'vitest';
import { builtInActions } from '../../actions/index.ts';
import { compile, compilePlaybook, playbook } from './helpers.ts';

const NOOP = '  - id: act\n    uses: test.noop\n';

describe('a value that is marked as secret', () => {
  test('is refused as an input, with the way to pass it', () => {
    const { plan, diagnostics } = compile(playbook(NOOP, 'inputs:\n  token: { type: string, secret: true }\n'));
    expect(plan).toBeUndefined();
    expect(diagnostics).toMatchObject([
      {
        code: 'E_PLAYBOOK_SECRET',
        message: 'The input `token` is marked `secret`, and secret values cannot be inputs or fields yet',
        hint: 'name the secret under `requires.secrets` and pass it as `${{ secrets.NAME }}`',
        location: { line: 5, column: 26 },
      },
    ]);
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
        message: '`command` of `test.shell` is visible to other users of the machine: no secret can stand in it',
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

test('a group that has a time limit is refused with what to do instead, for nothing would hold it to that', () => {
  const { diagnostics } = compile(
    playbook('  - id: contain\n    timeout: 10m\n    steps:\n      - id: act\n        uses: test.noop\n'),
  );
  expect(diagnostics).toMatchObject([
    {
      code: 'E_PLAYBOOK_UNKNOWN_KEY',
      message: 'A group has no `timeout` yet in step `contain`',
      hint: 'give each of its steps that uses an action a `timeout` of its own',
      location: { line: 6, column: 5 },
    },
  ]);
});
