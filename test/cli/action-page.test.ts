// What an action says of itself, as a page to read.
import { describe, expect, it } from 'vitest';
import type { Action } from '../../engine/action.ts';
import { actionJson, actionPage } from '../../engine/cli/actions/action-page.ts';
import { schemaLines } from '../../engine/cli/playbooks/schema-outline.ts';
import { createPalette } from '../../engine/ui/palette.ts';

const action: Action = {
  name: 'shop.restart-worker',
  title: 'Restart a worker',
  description: 'Restarts one worker, and waits until it answers. '.repeat(4),
  effect: 'destructive',
  idempotent: false,
  isUndoable: true,
  input: {
    type: 'object',
    required: ['worker'],
    properties: {
      worker: { type: 'string', minLength: 1, description: 'Its name' },
      how: { enum: ['soft', 'hard'], default: 'soft' },
    },
  },
  output: { type: 'object', properties: { restarts: { type: 'integer' } } },
  secrets: ['SHOP_KEY'],
  env: ['SHOP_URL'],
  reads: [{ method: 'POST', path: '/search', reason: 'Finds the worker' }],
  execReads: 'Asks systemd',
  exposes: ['worker'],
  run: async () => ({}),
};
const page = (more: Partial<Action> = {}): string =>
  actionPage(
    { ...action, ...more },
    { file: 'actions/a.ts', hidesBuiltIn: true },
    {
      palette: createPalette(false),
      columns: () => 80,
    },
  ).join('\n');

describe('the page of an action', () => {
  it('tells all that it declares', () => {
    const text = page();
    for (const words of [
      'shop.restart-worker  Restart a worker',
      'from actions/a.ts (in place of the built-in one)',
      'destructive: changes what people depend on',
      'Can be undone: each change records what takes it back.',
      'Is not sent again where its answer was lost: the step waits for a person.',
      'The state of its targets cannot be read.',
      'Starts processes though it only reads: Asks systemd',
      'Others see worker: no secret may stand there.',
      '  worker: text (shortest 1). Its name',
      '  how?: one of "soft", "hard", default "soft"',
      '  restarts?: whole number',
      '  SHOP_KEY',
      '  SHOP_URL',
      '  POST /search: Finds the worker',
      '    uses: shop.restart-worker\n    with:\n      worker: …\n    approval: { by: 1 }',
    ])
      expect(text).toContain(words);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('says nothing of undo and repeats where nothing is changed', () => {
    expect(page({ effect: 'read' })).not.toMatch(/undo|sent again|approval/);
  });

  it('lets the step say what it does to what, where that is the step’s to say', () => {
    expect(page({ effect: 'playbook' })).toContain('    effect: change\n    target: { kind: service, id: NAME }');
  });

  it('holds the schemas whole for machines', () => {
    expect(actionJson(action, { file: null, hidesBuiltIn: false })).toMatchObject({
      from: 'built-in',
      isUndoable: true,
      isDescribed: false,
      input: action.input,
    });
  });
});

describe('a schema as lines', () => {
  it('shows what is inside maps and lists, indented', () => {
    expect(
      schemaLines({
        properties: {
          found: {
            type: 'array',
            maxItems: 5,
            items: {
              type: 'object',
              required: ['id'],
              properties: { id: { type: 'string' }, at: { format: 'date-time', type: 'string' } },
            },
          },
          either: { type: ['string', 'null'] },
          forms: { anyOf: [{ type: 'boolean' }, { const: 1 }] },
          free: {},
          byName: { type: 'object', additionalProperties: { type: 'number' } },
        },
      }),
    ).toEqual([
      'found?: list of map (entries at most 5)',
      '  id: text',
      '  at?: time',
      'either?: text or null',
      'forms?: true or false or 1',
      'free?: anything',
      'byName?: map of number',
    ]);
  });
});
