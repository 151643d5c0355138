// `--answers FILE`: people whose answers were written down before stand before those at the terminal.
import type { Plan } from '../../playbook/plan.ts';
import type { People } from '../../run/people.ts';
import type { App } from '../app.ts';
import { readValues } from './given-values.ts';

export interface AnsweringOptions {
  /** Absent: nobody answers beforehand. */
  readonly file: string | undefined;
  /** Defaults stand for fields that the file does not give. */
  readonly takesDefaults: boolean;
}

/** @returns null where no file is given. @throws E_USAGE where it cannot be read, E_ANSWERS_INVALID */
export async function answering(
  app: App,
  plan: Plan,
  { file, takesDefaults }: AnsweringOptions,
): Promise<((behind: People) => People) | null> {
  if (file === undefined) return null;
  const [{ parseAnswers }, { createAnswersPeople }, value] = await Promise.all([
    import('../../ui/answers-file.ts'),
    import('../../ui/answers-people.ts'),
    readValues(file, app.cwd),
  ]);
  const answers = parseAnswers(value, { file, plan, takesDefaults });
  return (fallback) => createAnswersPeople({ answers, fallback, actor: `person:${app.operator}` });
}
