// The output of a step that a person ended, asked for by its schema since a later step reads it.
import { select } from '@inquirer/prompts';
import type { Json, Schema } from '../json.ts';
import type { OutputRequest, People } from '../run/people.ts';
import { askAsJson, askByFields, propertiesOf } from './ask-object.ts';
import { type Asking, PAUSE } from './asking.ts';
import { oneLine } from './text.ts';

type Answer = Awaited<ReturnType<People['output']>>;

export async function askOutput(request: OutputRequest, asking: Asking): Promise<Answer | typeof PAUSE> {
  const { console, actor } = asking;
  console.write(console.palette.attention(`◆ ${oneLine(request.title)}: its output`));
  console.write('  The step was ended by hand, and a later step reads the output it would have had.');
  const output = await askOutputValue(request, asking);
  if (output === PAUSE) return PAUSE;
  return output === LATER ? { kind: 'later' } : { kind: 'given', actor, output };
}

/** The operator does not have it now. */
export const LATER = Symbol('later');

/** Asks until `check` finds nothing wrong with it. */
export async function askOutputValue(
  of: { readonly schema: Schema; check(output: Json): readonly string[] },
  asking: Asking,
): Promise<Json | typeof LATER | typeof PAUSE> {
  const { console, signal } = asking;
  const hasFields = propertiesOf(of.schema) !== null;
  let last: Json | undefined;
  for (;;) {
    const way = await select(
      {
        message: 'The output of the step:',
        choices: [
          { name: hasFields ? 'Give it, field by field' : 'Give it', value: 'fields' as const },
          ...(hasFields ? [{ name: 'Give it as JSON', value: 'json' as const }] : []),
          { name: 'Later: what does not need it goes on', value: 'later' as const },
          { name: 'Pause the run here', value: 'pause' as const },
        ],
      },
      { signal },
    );
    if (way === 'later') return LATER;
    if (way === 'pause') return PAUSE;
    const question = { name: 'output', schema: of.schema, default: last };
    const output = way === 'json' ? await askAsJson(question, asking) : await askByFields(question, asking);
    const problems = of.check(output);
    if (problems.length === 0) return output;
    for (const problem of problems) console.write(console.palette.bad(`  ${oneLine(problem)}`));
    last = output;
  }
}
