// Whether a scenario answers the playbook that it rehearses: a misspelt step would be found out only when the drill waits.
import { WORLD_WORDS } from '../../drill/answers.ts';
import type { Scenario } from '../../drill/scenario.ts';
import { RunbookError } from '../../errors.ts';
import { isJsonObject, type Json } from '../../json.ts';
import type { Plan } from '../../playbook/plan.ts';
import { nearest } from '../../playbook/suggest.ts';

/** @throws E_SCENARIO_ANSWERS with every answer that the playbook has no place for. */
export function checkAnswers(scenario: Pick<Scenario, 'name' | 'answers'>, plan: Plan): void {
  const problems = problemsOf(scenario.answers, plan);
  if (problems.length === 0) return;
  throw new RunbookError({
    code: 'E_SCENARIO_ANSWERS',
    message: `The scenario ${scenario.name} answers what ${plan.name} does not ask:\n${problems.map((one) => `  ${one}`).join('\n')}`,
    hint: `runbook show ${plan.name} names its inputs and steps`,
  });
}

function problemsOf({ inputs, steps, approvals }: Scenario['answers'], plan: Plan): readonly string[] {
  const inputNames = plan.inputs.map(({ name }) => name);
  const paths = [...plan.nodes.keys()].filter((path) => path !== '');
  const manual = paths.filter((path) => plan.nodes.get(path)?.kind === 'manual');
  return [
    ...Object.keys(inputs).flatMap((name) => unknown(name, inputNames, `inputs.${name}: there is no such input`)),
    ...Object.keys(steps).flatMap((path) => unknown(withoutIndexes(path), manual, `steps.${path}: no manual step`)),
    ...Object.entries(steps).flatMap(([path, { fields }]) => {
      const node = plan.nodes.get(withoutIndexes(path));
      if (node?.kind !== 'manual') return [];
      const names = node.fields.map(({ name }) => name);
      return Object.keys(fields).flatMap((name) => unknown(name, names, `steps.${path}.fields.${name}: no such field`));
    }),
    ...approvals.flatMap(({ step }) =>
      step === '*' ? [] : unknown(withoutIndexes(step), paths, `approvals: there is no step ${step}`),
    ),
    ...wordsIn([inputs, ...Object.values(steps).map(({ fields }) => fields)]).flatMap((word) =>
      unknown(word, WORLD_WORDS, `${word}: no world has this word`),
    ),
  ];
}

function unknown(name: string, known: readonly string[], problem: string): readonly string[] {
  if (known.includes(name)) return [];
  const near = nearest(name, known);
  return [near === undefined ? problem : `${problem}; did you mean ${near}?`];
}

/** `each[3]/step` is the third instance of the plan's `each[]/step`. */
function withoutIndexes(path: string): string {
  return path.replace(/\[\d*\]/g, '[]');
}

/** Whole values that look like a word of the world. */
function wordsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return /^\$[A-Za-z]+$/.test(value) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap(wordsIn);
  return isJsonObject(value) ? Object.values(value).flatMap(wordsIn) : [];
}
