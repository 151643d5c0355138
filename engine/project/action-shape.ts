// Is what a file exports an action? Its types were inferred from its schemas; nothing has checked them at run time yet.
import type { Action } from '../action.ts';
import { isJsonObject } from '../json.ts';
import { secretMarkProblem } from '../playbook/secret-fields.ts';
import { problemText, type ValueValidator } from '../playbook/validate-value.ts';
import { isActionName } from './action-source.ts';

const EFFECTS: readonly unknown[] = ['read', 'change', 'destructive', 'playbook'];

/** What is wrong with it, each as a sentence; none where it is an action. */
export function actionProblems(exported: unknown, validator: ValueValidator): readonly string[] {
  // An action holds functions, so it is no JSON; only its outer form is asked for here.
  if (!isJsonObject(exported)) return ['The default export is no action: export default defineAction({ … })'];
  const action: { readonly [key: string]: unknown } = exported;
  const problems: string[] = [];
  const need = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  const { name, title, effect } = action;
  need(
    typeof name === 'string' && isActionName(name),
    `\`name\` must be like \`family.verb-object\`, in small letters with dashes${typeof name === 'string' ? `, not \`${name}\`` : ''}`,
  );
  need(typeof title === 'string' && title !== '', '`title` is missing: one line for people');
  need(EFFECTS.includes(effect), '`effect` must be `read`, `change`, `destructive` or `playbook`');
  need(
    typeof action.idempotent === 'boolean',
    '`idempotent` must be true or false: may an unknown change be sent again?',
  );
  need(typeof action.run === 'function', '`run` must be a function');
  need(action.describe === undefined || typeof action.describe === 'function', '`describe` must be a function');
  for (const key of ['secrets', 'env'] as const) {
    const names = action[key];
    need(Array.isArray(names) && names.every((one) => typeof one === 'string'), `\`${key}\` must be a list of names`);
  }
  need(Array.isArray(action.reads), '`reads` must be a list of requests');
  for (const read of Array.isArray(action.reads) ? action.reads : []) {
    const isPlaced = isJsonObject(read) && (typeof read.path === 'string') !== (typeof read.input === 'string');
    need(isPlaced, 'each of `reads` must have a `path`, or name the `input` that gives its address');
  }
  for (const key of ['input', 'output'] as const) problems.push(...schemaProblems(key, action[key], validator));
  const { output } = action;
  const misplaced = isJsonObject(output) ? secretMarkProblem(output) : undefined;
  if (misplaced !== undefined) problems.push(`\`output\`: ${misplaced}`);
  return problems;
}

/** For what has no problems. */
export function asAction(exported: unknown): Action {
  return exported as Action;
}

function schemaProblems(key: string, schema: unknown, validator: ValueValidator): readonly string[] {
  if (!isJsonObject(schema)) return [`\`${key}\` must be a JSON Schema`];
  return validator
    .schemaProblems(schema)
    .map((problem) => `\`${key}\` is not a valid JSON Schema: ${problemText(problem)}`);
}
