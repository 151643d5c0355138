// What an open run waits for, and the commands that move it on. Pure: from plan and state.
import type { ManualStep, Plan } from '../playbook/plan.ts';
import type { ApprovalState, RunState } from '../run/state.ts';
import { type Wait, waitsOf } from '../run/waits.ts';
import { countedVerb } from './change-words.ts';
import { oneLine, shellWord } from './text.ts';

export interface Waiting {
  readonly path: string;
  readonly title: string;
  readonly kind: 'answer' | 'confirmation' | 'approval' | 'decision';
  /** One line. */
  readonly text: string;
  /** Whole command lines. */
  readonly commands: readonly string[];
}

/** In the order the steps were opened; costs the frontier. */
export function waitingFor(plan: Plan, state: RunState, runId: string): Waiting[] {
  return waitsOf(state).map((wait) => {
    const pending = state.steps.get(wait.path)?.approval?.pending ?? null;
    return { path: wait.path, title: oneLine(wait.title), ...details(wait, plan, pending, runId) };
  });
}

function details(
  wait: Wait,
  plan: Plan,
  pending: ApprovalState['pending'],
  runId: string,
): Omit<Waiting, 'path' | 'title'> {
  const target = `${shellWord(runId)} ${shellWord(wait.path)}`;
  const text = `waits for ${oneLine(wait.text)}`;
  switch (wait.for) {
    case 'decision':
      return {
        kind: 'decision',
        text: oneLine(wait.text).replace(/^a decision/, 'failed, a person decides'),
        commands: [
          `runbook retry ${target}`,
          `runbook skip ${target} --reason WHY`,
          `runbook abort ${shellWord(runId)} --reason WHY`,
        ],
      };
    case 'approval': {
      const what = pending?.counts.map(countedVerb).join(', ') ?? '';
      const about = what === '' ? '' : ` to ${what}`;
      if (pending?.by === 0 && pending.role === undefined) {
        return { kind: 'confirmation', text: text + about, commands: [`runbook approve ${target}`] };
      }
      const role = pending?.role === undefined ? '' : ` --role ${shellWord(pending.role)}`;
      return { kind: 'approval', text: text + about, commands: [`runbook approve ${target} --as NAME${role}`] };
    }
    case 'answer': {
      const node = plan.nodes.get(wait.path);
      const fields = node?.kind === 'manual' ? fieldOptions(node) : '';
      return { kind: 'answer', text: 'waits for a person to do it', commands: [`runbook done ${target}${fields}`] };
    }
    default:
      return wait.for satisfies never;
  }
}

/** Every field that must be said: without a terminal a default is not taken in silence. */
function fieldOptions(node: ManualStep): string {
  const needed = node.fields.filter((field) => field.required || field.default !== undefined);
  return (
    needed.map((field) => ` --field ${field.name}=VALUE`).join('') +
    (node.evidence === 'required' ? ' --evidence FILE' : '')
  );
}
