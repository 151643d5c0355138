// Changes that were sent and never answered, of an action that must not simply send them again: the operator looks on the
// outside and says what became of them.
import { checkbox, select } from '@inquirer/prompts';
import type { DoubtRequest, People } from '../run/people.ts';
import type { Change } from '../run/state.ts';
import { askReason } from './ask-manual.ts';
import { type Asking, PAUSE } from './asking.ts';
import { oneLine, truncate, wrap } from './text.ts';

type Answer = Exclude<Awaited<ReturnType<People['doubt']>>, { kind: 'later' }>;

/** So many are told one by one. */
const MOST_SHOWN = 10;
/** What a page of choices leaves to the message and the keys below it. */
const ROWS_AROUND_PAGE = 8;

const REASONS: { readonly [K in Answer['kind']]: string } = {
  done: 'How do you know that it happened?',
  repeat: 'Why may it be sent again?',
  skip: 'Why leave it as it is?',
};

export async function askDoubt(request: DoubtRequest, asking: Asking): Promise<Answer | typeof PAUSE> {
  const { console, signal, actor } = asking;
  const columns = Math.min(console.columns() - 3, 100);
  const { ids } = request.doubt;
  console.write(console.palette.attention(`◆ ${oneLine(request.title)}: in doubt`));
  const what = ids.length === 1 ? 'A change was sent and' : `${ids.length} changes were sent and`;
  for (const line of wrap(`${what} no answer came. Look at the other side before you decide.`, columns))
    console.write(`  ${line}`);
  for (const line of doubtLines(request)) for (const part of wrap(line, columns)) console.write(`  ${part}`);
  let chosen: readonly string[] = ids;
  for (;;) {
    const kind = await select<Answer['kind'] | 'choose' | 'pause'>(
      {
        message: chosen.length === ids.length ? 'What became of it?' : `What became of these ${chosen.length}?`,
        choices: [
          { name: 'It happened: count it as done', value: 'done' },
          { name: 'It did not, or may happen twice: send it again', value: 'repeat' },
          { name: 'Leave it as it is, and do not send it', value: 'skip' },
          ...(ids.length > 1 ? [{ name: 'Say it of some of them only', value: 'choose' as const }] : []),
          { name: 'Pause the run here', value: 'pause' },
        ],
      },
      { signal },
    );
    if (kind === 'pause') return PAUSE;
    if (kind === 'choose') {
      chosen = await chooseIds(request, asking);
      continue;
    }
    const reason = await askReason(REASONS[kind], signal);
    return { kind, actor, reason, ...(chosen.length === ids.length ? {} : { ids: chosen }) };
  }
}

function chooseIds({ doubt }: DoubtRequest, { signal, console }: Asking): Promise<string[]> {
  return checkbox(
    {
      message: 'Which of them? (space chooses)',
      required: true,
      loop: false,
      pageSize: Math.max(3, Math.min(doubt.ids.length, console.rows() - ROWS_AROUND_PAGE)),
      choices: doubt.ids.map((id) => ({ name: truncate(oneLine(id), console.columns() - 5), value: id })),
    },
    { signal },
  );
}

/** `- ban user user_1: sent after 03:04:05Z; the answer was: socket hang up`, at most ten and how many more. */
export function doubtLines({ doubt, changes }: DoubtRequest): string[] {
  const known = new Map(changes.map((change) => [change.id, change]));
  const lines = doubt.ids.slice(0, MOST_SHOWN).map((id) => {
    const change = known.get(id);
    const owner = change?.owner === undefined ? '' : ` of ${change.owner.kind} ${change.owner.id}`;
    const said = change === undefined ? '' : knownOf(change);
    return `- ${oneLine(`${doubt.verb} ${doubt.kind} ${id}${owner}${said === '' ? '' : `: ${said}`}`)}`;
  });
  const rest = doubt.ids.length - lines.length;
  return rest > 0 ? [...lines, `- and ${rest} more`] : lines;
}

function knownOf(change: Change): string {
  const when =
    change.intendedAt === undefined
      ? `journal event ${change.seq}`
      : `${change.intendedAt.slice(0, 19).replace('T', ' ')}Z`;
  return [
    `intended at ${when}`,
    ...(change.error === undefined ? [] : [`then ${change.error}`]),
    ...(change.before === undefined ? [] : [`it was ${truncate(JSON.stringify(change.before), 100)}`]),
    ...(change.after === undefined ? [] : [`it was to be ${truncate(JSON.stringify(change.after), 100)}`]),
  ].join('; ');
}
