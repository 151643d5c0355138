import { RunbookError } from '../../errors.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { openRun } from '../runs/open-run.ts';
import { confirm, say } from '../runs/speak.ts';

interface NoteOptions extends CommonOptions {
  readonly actionItem?: boolean;
  readonly finding?: boolean;
  readonly owner?: string;
}

/** Also on a run that has ended: what is learned later belongs to it. */
export async function note(app: App, run: string, text: string, options: NoteOptions): Promise<number> {
  if (text.trim() === '') throw new RunbookError({ code: 'E_USAGE', message: 'The note is empty' });
  const opened = await openRun(app, run);
  const kind = options.actionItem ? 'action-item' : options.finding ? 'finding' : 'note';
  const owner = options.owner === undefined ? {} : { owner: options.owner };
  const by = app.operator;
  const events = await say(
    opened,
    [{ type: 'note.added', actor: `person:${by}`, data: { text, kind, by, ...owner } }],
    () => null,
  );
  await confirm(app, opened, `Noted by ${by}.`, events);
  return EXIT.done;
}
