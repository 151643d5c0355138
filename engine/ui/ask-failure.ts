// A step failed and its playbook leaves the decision to a person.
import { select } from '@inquirer/prompts';
import type { Json, Schema } from '../json.ts';
import { isUndoPath } from '../run/paths.ts';
import type { FailureRequest, People } from '../run/people.ts';
import { askInputs } from './ask-inputs.ts';
import { askReason } from './ask-manual.ts';
import { askOutputValue, LATER } from './ask-output.ts';
import { type Asking, PAUSE } from './asking.ts';
import { clean, oneLine, wrap } from './text.ts';

type Answer = Exclude<Awaited<ReturnType<People['failure']>>, { kind: 'later' }>;

export async function askFailure(request: FailureRequest, asking: Asking): Promise<Answer | typeof PAUSE> {
  const { signal, actor } = asking;
  showFailure(request, asking);
  for (;;) {
    const kind = await select({ message: 'How to go on?', choices: choicesOf(request) }, { signal });
    if (kind === 'pause') return PAUSE;
    if (kind === 'retry') return { kind, actor, reason: 'retried at the terminal' };
    if (kind === 'abort') return { kind, actor, reason: await askReason('Why abort?', signal) };
    if (kind === 'skip') {
      const reason = await askReason('Why skip it?', signal);
      if (request.needsOutput) asking.console.write('  A later step reads its output: you are asked for it next.');
      return { kind, actor, reason };
    }
    if (kind === 'done') return askDone(request, asking);
    const inputs = request.inputs && (await askInputs(request.inputs, asking));
    // Which ones is told by the event that holds them.
    if (inputs) return { kind: 'retry', actor, reason: 'retried at the terminal', inputs };
  }
}

function showFailure({ title, error }: FailureRequest, { console }: Asking): void {
  const columns = Math.min(console.columns() - 2, 100);
  console.write(console.palette.bad(`✖ ${oneLine(title)} failed`));
  for (const line of wrap(clean(error.message), columns)) console.write(`  ${line}`);
  if (error.hint === undefined) return;
  for (const line of wrap(clean(error.hint), columns)) console.write(console.palette.dim(`  ${line}`));
}

type Kind = 'retry' | 'edit' | 'skip' | 'done' | 'pause' | 'abort';

function choicesOf({ inputs, isRun, path }: FailureRequest): { name: string; value: Kind }[] {
  const pause = { name: 'Pause the run here', value: 'pause' as const };
  const abort = { name: 'Abort the run, with a reason', value: 'abort' as const };
  if (isRun) return [{ name: 'Go on with the run: its time starts again', value: 'retry' }, pause, abort];
  return [
    { name: 'Retry the step', value: 'retry' },
    ...(inputs === undefined ? [] : [{ name: 'Retry with edited inputs', value: 'edit' as const }]),
    { name: 'Skip it, with a reason', value: 'skip' },
    { name: 'I did it by hand', value: 'done' },
    pause,
    // An abort ends the run, not what takes its changes back.
    ...(isUndoPath(path) ? [] : [abort]),
  ];
}

async function askDone(request: FailureRequest, asking: Asking): Promise<Answer | typeof PAUSE> {
  const base = {
    kind: 'done',
    actor: asking.actor,
    reason: await askReason('What did you do?', asking.signal),
  } as const;
  if (!request.needsOutput) return base;
  asking.console.write('  A later step reads its output.');
  const schema = request.output ?? {};
  const output = await askOutputValue({ schema, check: await checkBy(schema) }, asking);
  if (output === PAUSE) return PAUSE;
  return output === LATER ? base : { ...base, output };
}

/** Loaded when needed: checking values takes longer to load than a question to ask. */
async function checkBy(schema: Schema): Promise<(output: Json) => readonly string[]> {
  const { createValueValidator, problemText } = await import('../playbook/validate-value.ts');
  const validator = createValueValidator();
  return (output) => validator.validate(schema, output).map((problem) => problemText(problem, 'output'));
}
