import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { messageOf, RunbookError } from '../../errors.ts';
import { storeEvidence } from '../../run/manual.ts';
import type { EvidenceFile } from '../../run/people.ts';
import { mediaTypeOf } from '../../ui/media-type.ts';
import { answerFields, recordedLines } from '../answer-fields.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { parsePairs, readValues } from '../given-values.ts';
import { type OpenedRun, openRun } from '../open-run.ts';
import { confirm, notOpenProblem, requireKnownStep, say } from '../speak.ts';

interface DoneOptions extends CommonOptions {
  readonly field?: readonly string[];
  readonly fields?: string;
  readonly note?: string;
  readonly evidence?: readonly string[];
  /** Takes the defaults of fields that were not given. */
  readonly yes?: boolean;
}

export async function done(app: App, run: string, step: string, options: DoneOptions): Promise<number> {
  const opened = await openRun(app, run);
  requireKnownStep(opened, step);
  const given = { ...(await readValues(options.fields, app.cwd)), ...parsePairs(options.field ?? [], '--field') };
  const refusal = notOpenProblem(opened.state.steps.get(step), step);
  if (refusal !== null)
    throw new RunbookError({
      code: 'E_ANSWER_REFUSED',
      message: refusal,
      hint: `runbook status ${opened.runId} shows how it stands`,
    });
  const fields = await answerFields(app, opened, { step, given, takesDefaults: options.yes === true });
  const files = (options.evidence ?? []).map((file) => readEvidence(app, file));
  requireEvidence(opened, step, files);
  const evidence = await storeEvidence({ journal: opened.journal, session: { runId: opened.runId } }, files);
  const by = app.operator;
  const events = await say(
    opened,
    {
      type: 'manual.answered',
      actor: `person:${by}`,
      step,
      data: { fields, evidence, by, ...(options.note === undefined ? {} : { note: options.note }) },
    },
    (state) => notOpenProblem(state.steps.get(step), step),
  );
  await confirm(app, opened, [`Recorded: ${step} done by ${by}.`, ...recordedLines(fields)].join('\n'), events);
  return EXIT.done;
}

function readEvidence(app: App, file: string): EvidenceFile {
  try {
    return { name: basename(file), bytes: readFileSync(resolve(app.cwd, file)), mediaType: mediaTypeOf(file) };
  } catch (cause) {
    throw new RunbookError({
      code: 'E_USAGE',
      message: `Cannot read the evidence ${file}: ${messageOf(cause)}`,
      cause,
    });
  }
}

function requireEvidence({ plan }: OpenedRun, step: string, files: readonly EvidenceFile[]): void {
  const node = plan.nodes.get(step);
  if (node?.kind !== 'manual' || node.evidence !== 'required' || files.length > 0) return;
  throw new RunbookError({ code: 'E_FIELD_MISSING', message: `${step} needs evidence`, hint: 'Add --evidence FILE' });
}
