// Playbooks that use every feature of the language: each checks without a word, runs, and ends as its first lines say.
//
// Lines that start with `#|` are together one YAML map:
//   given     inputs of the run, as --inputs gives them       env        environment variables
//   answers   by path: fields of manual steps                 evidence   paths of manual steps that get a file
//   approve   by path: who approves, one person or several    failures   by path: what a person decides of a failure
//   contacts  the contacts file's content
//   end       the status that the run ends with               outputs    of the run, all of them
//   steps     by path: how it ended, null for not at all      switches   how test.switch-on and -off leave them
//   secret    a secret that the run has, and that no event may hold
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../../engine/json.ts';
import { resolveInputs } from '../../engine/playbook/inputs.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { fixtureActions } from '../fixtures/playbooks/actions.ts';
import { createRunningActions } from '../fixtures/playbooks/running-actions.ts';
import { openWorld } from '../run/harness.ts';
import { compilePlaybook } from './helpers.ts';

interface Expected {
  readonly given?: { readonly [name: string]: Json };
  readonly env?: { readonly [name: string]: string };
  readonly answers?: { readonly [path: string]: JsonObject };
  readonly evidence?: readonly string[];
  readonly approve?: { readonly [path: string]: string | readonly string[] };
  readonly failures?: { readonly [path: string]: 'retry' | 'skip' };
  readonly contacts?: JsonObject;
  readonly end: string;
  readonly outputs?: JsonObject;
  readonly steps?: { readonly [path: string]: string | null };
  readonly switches?: { readonly [id: string]: boolean };
  readonly secret?: string;
}

const SECRET = 'kept-to-itself-9';
const folder = new URL('../fixtures/playbooks/valid/', import.meta.url);
const texts = new Map(
  readdirSync(folder).map((file) => [file.replace('.yaml', ''), readFileSync(new URL(file, folder), 'utf8')]),
);
const { actions, switches } = createRunningActions();
const world = await openWorld(...fixtureActions.values(), ...actions);
for (const [name, text] of texts) world.playbooks.set(name, text);
afterAll(() => world.close());

test('there are at least thirty', () => expect(texts.size).toBeGreaterThanOrEqual(30));

test.each([...texts])('%s checks without a word, runs, and ends as it says', async (name, text) => {
  const { plan, diagnostics } = compilePlaybook({
    text,
    file: `${name}.yaml`,
    actions: world.actions,
    playbooks: {
      names: () => [...texts.keys()],
      read: (called) => {
        const found = texts.get(called);
        return found === undefined ? undefined : { text: found, file: `${called}.yaml` };
      },
    },
  });
  expect(diagnostics).toEqual([]);
  if (plan === undefined) throw new Error('it compiles');
  expect(plan.name).toBe(name);

  const expected = expectedOf(text);
  const { inputs, errors } = resolveInputs(plan, expected.given ?? {});
  expect(errors).toEqual([]);
  const { runId, end, state } = await world.start(text, {
    inputs,
    people: peopleOf(expected),
    env: { ...expected.env, ...(expected.secret === undefined ? {} : { [expected.secret]: SECRET }) },
    ...(expected.contacts === undefined ? {} : { contacts: expected.contacts }),
  });
  expect(end).toMatchObject({ status: expected.end, waitsFor: [] });
  expect(state.outputs).toEqual(expected.outputs ?? {});
  for (const [path, phase] of Object.entries(expected.steps ?? {}))
    expect([path, state.steps.get(path)?.phase ?? null]).toEqual([path, phase]);
  for (const [id, isOn] of Object.entries(expected.switches ?? {})) expect([id, switches.get(id)]).toEqual([id, isOn]);
  if (expected.secret !== undefined) expect(JSON.stringify(await world.events(runId))).not.toContain(SECRET);
});

function expectedOf(text: string): Expected {
  const lines = [...text.matchAll(/^#\| (.*)$/gm)].map(([, line]) => line);
  // These files are ours; a header that does not fit shows in the test.
  return parse(lines.join('\n')) as Expected;
}

/** People who do as the file says, each approval in its turn. */
function peopleOf({ answers = {}, evidence = [], approve = {}, failures = {} }: Expected): People {
  const approvers = new Map(Object.entries(approve).map(([path, names]) => [path, [names].flat()]));
  return {
    ...nobody,
    async manual({ path, defaults, check }) {
      const given = answers[path];
      if (given === undefined) return { kind: 'later' };
      const checked = check({ ...defaults, ...given });
      if ('problems' in checked) throw new Error(checked.problems.join(', '));
      const file = { name: 'proof.txt', bytes: new TextEncoder().encode('proof'), mediaType: 'text/plain' };
      return {
        kind: 'answered',
        actor: 'person:tester',
        fields: checked.fields,
        ...(evidence.includes(path) ? { evidence: [file] } : {}),
      };
    },
    async approval({ path, request }) {
      const name = approvers.get(path)?.shift();
      if (name === undefined) return { kind: 'later' };
      return { kind: 'given', actor: `person:${name}`, ...(request.role === undefined ? {} : { role: request.role }) };
    },
    async failure({ path }) {
      const kind = failures[path];
      return kind === undefined ? { kind: 'later' } : { kind, actor: 'person:tester', reason: 'the test says so' };
    },
  };
}
