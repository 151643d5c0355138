// People whose answers were written down before (answers-file.ts); what is not there is asked of those behind.
import { messageOf } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Actor } from '../run/events.ts';
import type { EvidenceFile, ManualRequest, OutputRequest, People } from '../run/people.ts';
import { type Answers, answerFor, answersError, type WrittenAnswer } from './answers-file.ts';
import { readEvidence } from './evidence-file.ts';

export interface AnswersPeopleOptions {
  readonly answers: Answers;
  /** Asked what the file does not answer, and what it answered before: an answer is used once a step. */
  readonly fallback: People;
  /** Who stands for the file: whoever gave it. */
  readonly actor: Actor;
}

/** Its questions reject with E_ANSWERS_INVALID, naming the file's key, where a written answer does not fit. */
export function createAnswersPeople({ answers, fallback, actor }: AnswersPeopleOptions): People {
  const used = new Set<string>();
  const take = (question: 'manual' | 'output', path: string): { key: string; answer: WrittenAnswer } | null => {
    const found = answerFor(answers, path);
    const isThere =
      found !== null &&
      (question === 'output' ? found.answer.output : (found.answer.fields ?? found.answer.skip)) !== undefined;
    if (!isThere || used.has(`${question} ${path}`)) return null;
    // Asked again, the step failed with this answer, or somebody wants another.
    used.add(`${question} ${path}`);
    return found;
  };
  return {
    ...fallback,
    async manual(request, signal) {
      const found = take('manual', request.path);
      if (found === null) return fallback.manual(request, signal);
      const { key, answer } = found;
      if (answer.skip !== undefined) return { kind: 'skip', actor, reason: answer.skip };
      return { kind: 'answered', actor, ...(await manualAnswer(request, answer, { file: answers.file, key })) };
    },
    async output(request, signal) {
      const found = take('output', request.path);
      return found === null
        ? fallback.output(request, signal)
        : { kind: 'given', actor, output: fitting(request, found, answers.file) };
    },
  };
}

interface Place {
  readonly file: string;
  readonly key: string;
}

async function manualAnswer(
  request: ManualRequest,
  { fields, note, evidence = [] }: WrittenAnswer,
  { file, key }: Place,
): Promise<{ readonly fields: JsonObject; readonly note?: string; readonly evidence?: readonly EvidenceFile[] }> {
  const checked = request.check(fields ?? {});
  if ('problems' in checked)
    throw answersError(
      file,
      checked.problems.map((problem) => `${key}: ${problem}`),
    );
  if (request.step.evidence === 'required' && evidence.length === 0)
    throw answersError(file, [`${key}: the step needs \`evidence\`, a list of files`]);
  const files = await Promise.all(evidence.map((path) => readFor(path, { file, key })));
  return {
    fields: checked.fields,
    ...(note === undefined ? {} : { note }),
    ...(files.length === 0 ? {} : { evidence: files }),
  };
}

async function readFor(path: string, { file, key }: Place): Promise<EvidenceFile> {
  try {
    return await readEvidence(path);
  } catch (error) {
    throw answersError(file, [`${key}: cannot read the evidence ${path}: ${messageOf(error)}`]);
  }
}

function fitting(
  request: OutputRequest,
  { key, answer }: { readonly key: string; readonly answer: WrittenAnswer },
  file: string,
): Json {
  const output = answer.output ?? null;
  const problems = request.check(output);
  if (problems.length > 0)
    throw answersError(
      file,
      problems.map((problem) => `${key}: ${problem}`),
    );
  return output;
}
