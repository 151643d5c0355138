// The documentation of an action, written from what it declares. Pure.
import type { Action } from '../../action.ts';
import { clean, oneLine, wrap } from '../../ui/text.ts';
import type { ActionOrigin } from '../playbooks/compiler.ts';

import { schemaLines } from '../playbooks/schema-outline.ts';
import type { Terminal } from '../terminal.ts';

const EFFECT_WORDS: { readonly [E in Action['effect']]: string } = {
  read: 'read: changes nothing',
  change: 'change: changes something outside',
  destructive: 'destructive: changes what people depend on; asks for an approval',
  playbook: 'as the step says, with `effect` and `target`',
};

const MOST_COLUMNS = 100;

export function actionPage(
  action: Action,
  origin: ActionOrigin,
  { palette: { bold }, columns }: Pick<Terminal, 'palette' | 'columns'>,
): readonly string[] {
  const width = Math.min(columns(), MOST_COLUMNS) - 3;
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', bold(title), ...lines.map((line) => `  ${line}`)];
  return [
    `${bold(action.name)}  ${oneLine(action.title)}`,
    `  from ${originWords(origin)}`,
    ...(action.description === undefined
      ? []
      : ['', ...wrap(clean(action.description).trimEnd(), width).map((line) => `  ${line}`)]),
    ...section('Effect', effectLines(action)),
    ...section('Inputs', schemaLines(action.input)),
    ...section('Output', schemaLines(action.output)),
    ...section('Secrets', action.secrets),
    ...section('Environment variables', action.env),
    ...section('Templates (templates/NAME.….hbs)', action.templates ?? []),
    ...section(
      'Requests that only read, though they are no GET',
      action.reads.map(({ method, path, input, reason }) => {
        const where = path ?? `to the address in \`${input}\``;
        return `${method} ${where}: ${oneLine(reason)}`;
      }),
    ),
    ...section('In a playbook', exampleLines(action)),
  ];
}

/** The same for machines. */
export function actionJson(action: Action, origin: ActionOrigin): object {
  const { name, title, description, effect, idempotent, input, output, secrets, env, reads, execReads, exposes } =
    action;
  return {
    name,
    title,
    description,
    effect,
    idempotent,
    isUndoable: action.isUndoable === true,
    isDescribed: action.describe !== undefined,
    from: origin.file ?? 'built-in',
    hidesBuiltIn: origin.hidesBuiltIn,
    input,
    output,
    secrets,
    env,
    reads,
    execReads,
    exposes,
  };
}

export function originWords({ file, hidesBuiltIn }: ActionOrigin): string {
  if (file === null) return 'built-in';
  return hidesBuiltIn ? `${file} (in place of the built-in one)` : file;
}

function effectLines(action: Action): readonly string[] {
  const lines = [EFFECT_WORDS[action.effect]];
  if (action.effect !== 'read') {
    lines.push(
      action.isUndoable === true
        ? 'Can be undone: each change records what takes it back.'
        : 'Records no undo; a step can say one with `undo`.',
      action.idempotent
        ? 'May be sent again where its answer was lost.'
        : 'Is not sent again where its answer was lost: the step waits for a person.',
      action.describe === undefined
        ? 'The state of its targets cannot be read.'
        : 'Reads the state of its targets, for protection and undo.',
    );
  }
  if (action.execReads !== undefined) lines.push(`Starts processes though it only reads: ${oneLine(action.execReads)}`);
  const exposed = action.exposes ?? [];
  if (exposed.length > 0) lines.push(`Others see ${exposed.join(', ')}: no secret may stand there.`);
  return lines;
}

/** A step to copy: what is required, each with what stands there. */
function exampleLines(action: Action): readonly string[] {
  const required = Array.isArray(action.input.required) ? action.input.required.map(String) : [];
  const id = (action.name.split('.').at(-1) ?? 'step').replaceAll('-', '_');
  return [
    `- id: ${id}`,
    `  title: ${oneLine(action.title)}`,
    `  uses: ${action.name}`,
    ...(action.effect === 'playbook' ? ['  effect: change', '  target: { kind: service, id: NAME }'] : []),
    ...(required.length === 0 ? [] : ['  with:', ...required.map((name) => `    ${name}: …`)]),
    ...(action.effect === 'destructive' ? ['  approval: { by: 1 }'] : []),
  ];
}
