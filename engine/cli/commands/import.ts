import { resolve } from 'node:path';
import { RunbookError } from '../../errors.ts';
import { evolve } from '../../run/evolve.ts';
import { initialState, runStatus } from '../../run/state.ts';
import { checkRun, isWhole, type RunCheck } from '../../store/check-run.ts';
import { type ExportedRun, openExport } from '../../store/export.ts';
import { exportSource } from '../../store/export-source.ts';
import type { RestoredRun } from '../../store/journal.ts';
import { eventOf } from '../../store/row.ts';
import { eventRow } from '../../store/stored-run.ts';
import { shellWord } from '../../ui/text.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { checkLines } from '../keeping/check-lines.ts';

/** Takes an exported run into this store, as it is, once it has been checked. */
export async function importOne(app: App, file: string, _options: CommonOptions): Promise<number> {
  const exported = await openExport(resolve(app.cwd, file));
  const check = await checkRun(exportSource(exported));
  if (!isWhole(check)) throw broken(file, check, app);
  const run = await readRun(exported);
  const store = await app.journal();
  const known = (await store.runs({ idPrefix: run.id })).find(({ id }) => id === run.id);
  if (known !== undefined && known.headHash !== run.headHash) throw another(run, known);
  if (known === undefined) await store.restore(run, exported.content);
  const { print } = app.terminal;
  if (app.isJson) print(JSON.stringify({ run: run.id, status: run.status, isNew: known === undefined }));
  else {
    print(
      known === undefined
        ? `Imported the run ${run.id} of ${run.playbook}: ${run.headSeq} events, ${run.status}.`
        : `The run ${run.id} is here already, up to the same event.`,
    );
    print(`  runbook status ${shellWord(run.id)}`);
  }
  return EXIT.done;
}

/** What a list says of it, from its events alone: the chain proves these, and nothing else that a file may say. */
async function readRun({ header, rows }: ExportedRun): Promise<RestoredRun> {
  const state = initialState({ keepsOutput: () => false });
  for await (const row of rows()) evolve(state, eventOf(eventRow(row)));
  const { created } = state;
  if (created === null)
    throw new RunbookError({
      code: 'E_EXPORT_INVALID',
      message: `The run ${header.run} in this file does not begin with an event that makes it`,
      hint: 'Export it again',
    });
  return {
    id: header.run,
    playbook: created.playbook.name,
    createdAt: state.createdAt,
    isDrill: created.drill !== undefined,
    status: state.undo !== null && state.endedAt !== null ? 'undoing' : runStatus(state),
    headSeq: state.seq,
    headHash: state.head,
  };
}

function broken(file: string, check: RunCheck, app: App): RunbookError {
  const found = checkLines(file, check, app.terminal.errorPalette).slice(1, -1);
  return new RunbookError({
    code: 'E_VERIFY_BROKEN',
    message: `The run in ${file} is not what was written, and was not imported\n${found.join('\n')}`,
    hint: 'Export it again where it was run',
  });
}

function another(run: RestoredRun, known: RestoredRun): RunbookError {
  return new RunbookError({
    code: 'E_RUN_EXISTS',
    message: `This store has a run ${run.id} that ends elsewhere: at event ${known.headSeq}, the file's at event ${run.headSeq}`,
    hint: 'Nothing was imported. Import it into another store: RUNBOOK_STORE=FILE runbook import …',
  });
}
