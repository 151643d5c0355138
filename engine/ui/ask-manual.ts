// A manual step at the terminal: its text, its fields, a note.
import { input, select } from '@inquirer/prompts';
import { messageOf } from '../errors.ts';
import type { Json } from '../json.ts';
import type { EvidenceFile, ManualRequest, People } from '../run/people.ts';
import { askValue } from './ask-value.ts';
import { type Asking, PAUSE } from './asking.ts';
import { readEvidence } from './evidence-file.ts';
import { evidenceLines } from './list-evidence.ts';
import { clean, oneLine, wrap } from './text.ts';

type Answer = Exclude<Awaited<ReturnType<People['manual']>>, { kind: 'later' }>;

export async function askManual(request: ManualRequest, asking: Asking): Promise<Answer | typeof PAUSE> {
  const { console, signal, actor } = asking;
  const columns = Math.min(console.columns() - 2, 100);
  console.write(console.palette.attention(`◆ ${oneLine(request.step.title)}`));
  for (const line of wrap(clean(request.text).trimEnd(), columns)) console.write(`  ${line}`);
  const choice = await select(
    {
      message: 'This step is yours:',
      choices: [
        {
          name: request.step.fields.length > 0 ? 'Answer it' : 'Done',
          value: 'done' as const,
          description: request.step.fields.length > 0 ? 'its fields are asked next' : '',
        },
        { name: 'Skip, with a reason', value: 'skip' as const },
        { name: 'It failed', value: 'fail' as const },
        { name: 'Pause the run here', value: 'pause' as const },
      ],
    },
    { signal },
  );
  if (choice === 'pause') return PAUSE;
  if (choice !== 'done') return askLeaving(choice, asking);
  const answered = await askFields(request, asking);
  if (!('fields' in answered)) return answered;
  const { fields } = answered;
  const evidence = request.step.evidence === 'required' ? await askEvidence(asking) : [];
  const note = await input({ message: 'Note for the record (Enter for none):' }, { signal });
  return {
    kind: 'answered',
    actor,
    fields,
    ...(note === '' ? {} : { note }),
    ...(evidence.length === 0 ? {} : { evidence }),
  };
}

type Leaving = Extract<Answer, { kind: 'skip' | 'fail' }>;

async function askLeaving(kind: 'skip' | 'fail', { actor, signal }: Asking): Promise<Leaving> {
  return { kind, actor, reason: await askReason(kind === 'skip' ? 'Why skip it?' : 'What went wrong?', signal) };
}

/** Asks until the engine finds nothing wrong with them; where honest answers do not pass, the step can be left. */
async function askFields(
  request: ManualRequest,
  asking: Asking,
): Promise<{ readonly fields: { readonly [name: string]: Json } } | Leaving | typeof PAUSE> {
  const { signal, console } = asking;
  const evidence = evidenceLines(request.text);
  const given: { [name: string]: Json } = {};
  for (;;) {
    for (const field of request.step.fields) {
      const value = await askValue({
        name: field.name,
        schema: field.schema,
        isRequired: field.required,
        default: given[field.name] ?? request.defaults[field.name],
        signal,
        evidence,
        console,
      });
      if (value === undefined) delete given[field.name];
      else given[field.name] = value;
    }
    const checked = request.check(given);
    if ('fields' in checked) return checked;
    for (const problem of checked.problems) console.write(console.palette.bad(`  ${oneLine(problem)}`));
    const choice = await select(
      {
        message: 'These answers do not pass:',
        choices: [
          { name: 'Change the answers', value: 'change' as const },
          { name: 'It failed', value: 'fail' as const },
          { name: 'Skip, with a reason', value: 'skip' as const },
          { name: 'Pause the run here', value: 'pause' as const },
        ],
      },
      { signal },
    );
    if (choice === 'pause') return PAUSE;
    if (choice !== 'change') return askLeaving(choice, asking);
  }
}

async function askEvidence({ signal, console }: Asking): Promise<EvidenceFile[]> {
  for (;;) {
    const path = await input({ message: 'Evidence, the path of a file:', required: true }, { signal });
    try {
      return [await readEvidence(path)];
    } catch (error) {
      console.write(console.palette.bad(`  Cannot read it: ${messageOf(error)}`));
    }
  }
}

export function askReason(message: string, signal: AbortSignal): Promise<string> {
  return input(
    { message, validate: (value) => value.trim() !== '' || 'A reason is needed: the report tells it' },
    { signal },
  );
}
