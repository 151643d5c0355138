// `steps.<id>` in an expression: is there such a step, and can it be seen from here?
import type { ASTNode } from '@marcbachmann/cel-js';
import { loopAround, type StepInfo, visibility } from './step-index.ts';
import { didYouMean, listed } from './suggest.ts';
import type { Walk } from './walk.ts';

const MOST_SHOWN = 8;

/** The step read, also where it is reported as not visible, so that its fields are checked too. */
export function resolveStep(
  node: ASTNode,
  field: { readonly name: string; readonly start: number; readonly end: number },
  walk: Walk,
): StepInfo | undefined {
  const { name: id, start, end } = field;
  walk.reads.push({ kind: 'step', id, start: node.start, end: node.end });
  const step = walk.scope.steps.get(id);
  if (step === undefined) {
    const visible = firstVisible(walk);
    const known = visible.length === 0 ? 'no step comes before this one' : `steps before this one: ${listed(visible)}`;
    const hint = didYouMean(id, walk.scope.steps.keys(), known);
    walk.issues.push({ code: 'E_PLAYBOOK_UNKNOWN_STEP', message: `There is no step \`${id}\``, hint, start, end });
    return undefined;
  }
  const message = notVisible(step, walk);
  if (message !== undefined) walk.issues.push({ ...message, start, end });
  return step;
}

function firstVisible({ scope, place }: Walk): string[] {
  const visible: string[] = [];
  const { reader } = place;
  if (reader === 'start') return visible;
  for (const step of scope.steps.values()) {
    if (visible.length === MOST_SHOWN || (reader !== 'end' && step.start >= reader.start)) break;
    if (visibility(reader, step) === 'visible') visible.push(step.id);
  }
  return visible;
}

/** What is said of a step that cannot be read from here. */
function notVisible(
  step: StepInfo,
  walk: Walk,
): { readonly code: string; readonly message: string; readonly hint?: string } | undefined {
  const { id } = step;
  switch (visibility(walk.place.reader, step)) {
    case 'visible':
      return undefined;
    case 'itself':
      return {
        code: 'E_PLAYBOOK_LATER_STEP',
        message: `\`${id}\` reads itself`,
        hint: 'in `until` and `assert` its own result is `output`',
      };
    case 'around':
      return {
        code: 'E_PLAYBOOK_LATER_STEP',
        message: `The group \`${id}\` is not finished while a step in it runs`,
        hint: 'read the steps of the group that come before',
      };
    case 'before':
      return {
        code: 'E_PLAYBOOK_LATER_STEP',
        message: 'No step has run when this value is computed',
        hint: '`vars` read inputs, env, contacts, run and the vars before them',
      };
    case 'finally':
      return {
        code: 'E_PLAYBOOK_LATER_STEP',
        message: `The step \`${id}\` is in \`finally\`, which runs after everything else`,
        hint: 'only steps of `finally` read it',
      };
    case 'inLoop': {
      const loop = loopAround(walk.place.reader, step)?.id ?? '';
      return {
        code: 'E_PLAYBOOK_LATER_STEP',
        message: `The step \`${id}\` is done once for each entry of \`${loop}\`, and is seen only there`,
        hint: `read \`steps.${loop}.output\`, a list of {item, status, output}`,
      };
    }
    case 'later':
      return {
        code: 'E_PLAYBOOK_LATER_STEP',
        message: `The step \`${id}\` comes later`,
        hint: 'a step reads only what is finished before it starts: move it up',
      };
    case 'parallel':
      return {
        code: 'E_PLAYBOOK_LATER_STEP',
        message: `The step \`${id}\` runs at the same time`,
        hint: 'steps of a parallel group cannot read one another',
      };
  }
}
