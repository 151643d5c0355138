// RUN on a command line: an id, a unique prefix of one, or `latest`.
import { RunbookError } from '../../errors.ts';
import type { Journal, RunRow } from '../../store/journal.ts';

/** @throws E_RUN_UNKNOWN, E_RUN_AMBIGUOUS */
export async function findRun(journal: Journal, given = 'latest'): Promise<RunRow> {
  if (given === 'latest') {
    const [newest] = await journal.runs({ limit: 1 });
    if (newest) return newest;
    throw new RunbookError({
      code: 'E_RUN_UNKNOWN',
      message: 'There are no runs in this store',
      hint: 'runbook list shows the playbooks, runbook run starts one',
    });
  }
  const found = await journal.runs({ idPrefix: given, limit: 10 });
  const exact = found.find((row) => row.id === given) ?? (found.length === 1 ? found[0] : undefined);
  if (exact) return exact;
  if (found.length === 0) {
    throw new RunbookError({
      code: 'E_RUN_UNKNOWN',
      message: `There is no run ${given} in this store`,
      hint: 'runbook runs lists them',
    });
  }
  throw new RunbookError({
    code: 'E_RUN_AMBIGUOUS',
    message: `${given} fits more than one run: ${found.map((row) => row.id).join(', ')}`,
    hint: 'Give more of its letters',
  });
}
