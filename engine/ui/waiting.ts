// What an open run waits for, and the commands that move it on. Pure: from plan and state.
import type { ManualStep, Plan, PlanNode } from '../playbook/plan.ts';
import { decide } from '../run/decide.ts';
import { isUndoPath, nodeAt } from '../run/paths.ts';
import type { ApprovalState, RunState } from '../run/state.ts';
import { GO_AHEAD, type Wait, waitsOf } from '../run/waits.ts';
import { countedVerb } from './change-words.ts';
import { oneLine, shellWord } from './text.ts';

export interface Waiting {
  readonly path: string;
  readonly title: string;
  readonly kind: 'answer' | 'confirmation' | 'approval' | 'decision' | 'output' | 'doubt' | 'secret';
  /** One line. */
  readonly text: string;
  /** Whole command lines. */
  readonly commands: readonly string[];
}

/**
 * In the order the steps were opened, at most so many; then those that are confirmed before they are opened. Costs the
 * frontier.
 */
export function waitingFor(plan: Plan, state: RunState, runId: string, most?: number): Waiting[] {
  const waits = waitsOf(state);
  const opened = waits.slice(0, most ?? waits.length).map((wait) => {
    const pending = state.steps.get(wait.path)?.approval?.pending ?? null;
    return { path: wait.path, title: oneLine(wait.title), ...details(wait, plan, pending, runId) };
  });
  const next = goAheads(plan, state, runId);
  return [...opened, ...next.slice(0, most === undefined ? next.length : Math.max(0, most - opened.length))];
}

/** Of a run that asks before each step: those whose turn it is. Whether their `when` holds is not known here. */
function goAheads(plan: Plan, state: RunState, runId: string): Waiting[] {
  if (state.created?.confirmEach !== true) return [];
  return decide(plan, state).flatMap((command) => {
    const node = command.type === 'open' ? nodeAt(plan, command.path) : undefined;
    if (node?.kind !== 'uses' && node?.kind !== 'manual') return [];
    return {
      path: node.path,
      title: oneLine(node.title),
      kind: 'confirmation',
      text: 'waits for your go-ahead, which is asked for at a terminal: this run asks before each step',
      commands: [`runbook resume ${shellWord(runId)}`],
    } as const;
  });
}

/**
 * Steps that wait for a secret which nobody gave to the process that worked on them; no event tells of it. Go-aheads are no
 * event's either, but `waitingFor` knows them.
 */
export function secretWaits(
  state: RunState,
  runId: string,
  { localWaits }: { readonly localWaits: readonly { readonly path: string; readonly text: string }[] },
): Waiting[] {
  const secrets = localWaits.filter(({ text }) => text !== GO_AHEAD);
  return secrets.map(({ path, text }) => ({
    path,
    title: oneLine(state.steps.get(path)?.title ?? path),
    kind: 'secret',
    text: `waits for ${oneLine(text)}, which is asked for at a terminal`,
    commands: [`runbook resume ${shellWord(runId)}`],
  }));
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
        // The run itself, out of time, can be gone on with or ended; there is nothing of it to skip.
        commands: [
          ...(wait.path === ''
            ? [`runbook retry ${shellWord(runId)}`]
            : decisionCommands(target, nodeAt(plan, wait.path))),
          // An abort ends the run, not what takes its changes back.
          ...(isUndoPath(wait.path) ? [] : [`runbook abort ${shellWord(runId)} --reason WHY`]),
        ],
      };
    case 'approval': {
      const about = aboutText(pending);
      if (pending?.by === 0 && pending.role === undefined) {
        return { kind: 'confirmation', text: text + about, commands: [`runbook approve ${target}`] };
      }
      const role = pending?.role === undefined ? '' : ` --role ${shellWord(pending.role)}`;
      return { kind: 'approval', text: text + about, commands: [`runbook approve ${target} --as NAME${role}`] };
    }
    case 'answer': {
      const node = nodeAt(plan, wait.path);
      const fields = node?.kind === 'manual' ? fieldOptions(node) : '';
      return { kind: 'answer', text: 'waits for a person to do it', commands: [`runbook done ${target}${fields}`] };
    }
    case 'output':
      return {
        kind: 'output',
        text: 'waits for its output, which a later step reads',
        commands: [`runbook done ${target} --output JSON`, `runbook done ${target} --output @FILE`],
      };
    case 'doubt':
      return {
        kind: 'doubt',
        text,
        commands: ['done', 'repeat', 'skip'].map((choice) => `runbook settle ${target} ${choice} --reason WHY`),
      };
    default:
      return wait.for satisfies never;
  }
}

/** Steps of an undo have no node: they are tried again or left. */
function decisionCommands(target: string, node: PlanNode | undefined): readonly string[] {
  const edit = node?.kind === 'uses' ? [`runbook retry ${target} --input NAME=VALUE`] : [];
  const output = node?.isOutputNeeded === true && node.output !== undefined ? ' --output JSON' : '';
  const done = node === undefined ? [] : [`runbook done ${target}${output}`];
  return [`runbook retry ${target}`, ...edit, `runbook skip ${target} --reason WHY${output}`, ...done];
}

/** Where limits would be passed, the wait itself says by how much. */
function aboutText(pending: ApprovalState['pending']): string {
  if (pending?.limits) return '';
  const what = pending?.counts.map(countedVerb).join(', ') ?? '';
  return what === '' ? '' : ` to ${what}`;
}

/** Every field that must be said: without a terminal a default is not taken in silence. */
function fieldOptions(node: ManualStep): string {
  const needed = node.fields.filter((field) => field.required || field.default !== undefined);
  return (
    needed.map((field) => ` --field ${field.name}=VALUE`).join('') +
    (node.evidence === 'required' ? ' --evidence FILE' : '')
  );
}
