// A plan for people: what would change first, then what it hangs on, then the walk. Pure.
import type { Json } from '../json.ts';
import type {
  PlannedAction,
  PlannedChanges,
  PlannedCondition,
  PlannedLimit,
  PlannedStep,
  PlannedTotal,
  PlanResult,
} from '../run/preview/result.ts';
import { countedVerb } from './change-words.ts';
import { formatDuration } from './duration.ts';
import { limitPhrase } from './limit-words.ts';
import type { Palette } from './palette.ts';
import { oneLine, truncate } from './text.ts';

const MOST_TARGETS = 5;
const MOST_INSTANCES = 3;
const MOST_ITEMS = 3;
const MOST_LENGTH = 160;

export function planLines(result: PlanResult, palette: Palette): string[] {
  const { playbook, environment, isDrill } = result;
  const where = [environment === '' ? '' : ` in ${oneLine(environment)}`, isDrill ? ', against a drill' : ''].join('');
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', palette.bold(title), ...lines.map((line) => `  ${line}`)];
  return [
    palette.bold(`Plan of ${oneLine(playbook.title)} (${playbook.name})${where}`),
    'Nothing was changed. What people approve, answer or confirm is taken as given.',
    ...section('It would', totalLines(result, palette)),
    ...section('Limits', limitLines(result, palette)),
    ...section('It would ask', approvalLines(result)),
    ...section('Assumed', assumedLines(result)),
    ...section('Not known before the run', unknownLines(result, palette)),
    ...section(
      'Step by step',
      result.steps.flatMap((step) => stepLines(step, 0, palette)),
    ),
    ...(result.finally === undefined
      ? []
      : section(
          'Finally',
          result.finally.steps.flatMap((step) => stepLines(step, 0, palette)),
        )),
    ...section('Outputs', result.outputs.map(outputLine)),
  ];
}

function totalLines({ totals, uncounted }: PlanResult, palette: Palette): string[] {
  const lines = totals.flatMap((total) =>
    total.count + total.possible > 0 ? [changingLine(total)] : leavingLines(total),
  );
  if (uncounted.length > 0)
    lines.push(palette.attention(`change what cannot be told yet, in ${uncounted.map(oneLine).join(', ')}`));
  return lines.length === 0 ? ['change nothing'] : lines;
}

function changingLine({ verb, kind, count, possible, owners, already, protected: kept }: PlannedTotal): string {
  const notes = [
    count > 0 && possible > 0 ? `${possible} more if what is not known turns out so` : '',
    already > 0 ? `${already} so already` : '',
    kept > 0 ? `${kept} protected, left alone` : '',
  ].filter((note) => note !== '');
  const counted = `${count === 0 ? 'perhaps ' : ''}${countedVerb({ verb, kind, count: count === 0 ? possible : count })}`;
  const of = owners.map((owner) => things(owner.kind, owner.count)).join(' and ');
  return `${oneLine(counted)}${of === '' ? '' : ` of ${of}`}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
}

function leavingLines({ verb, kind, already, protected: kept }: PlannedTotal): string[] {
  const lines: string[] = [];
  if (already > 0) lines.push(`leave ${things(kind, already)} as they are: so already (${oneLine(verb)})`);
  if (kept > 0) lines.push(`leave ${things(kind, kept)} alone: protected (${oneLine(verb)})`);
  return lines;
}

/** English's plain plural. */
function things(kind: string, count: number): string {
  return `${count} ${oneLine(kind)}${count === 1 ? '' : 's'}`;
}

function limitLines({ limits, uncounted }: PlanResult, palette: Palette): string[] {
  const least = uncounted.length > 0 ? 'at least ' : '';
  return limits.map(({ kind, limit, count, isExceeded }) =>
    isExceeded
      ? palette.attention(`${oneLine(kind)}: ${least}${count}, over the limit of ${limit}: an approval is asked first`)
      : `${oneLine(kind)}: ${least}${count} of ${limit}`,
  );
}

function approvalLines({ approvals }: PlanResult): string[] {
  return approvals.map(({ path, limits, reason, ...policy }) => {
    const what = limits === undefined ? '' : `, to go over a limit: ${limitPhrase(limits)}`;
    return `${oneLine(path)}: ${approverText(policy)}${what}${reason === undefined ? '' : `. ${short(reason)}`}`;
  });
}

function approverText({ by, role }: { readonly by: number; readonly role?: string }): string {
  if (by === 0 && role === undefined) return 'your confirmation';
  const others = Math.max(1, by);
  const who = others === 1 ? 'one other person' : `${others} other people`;
  return `the approval of ${who}${role === undefined ? '' : ` with the role ${oneLine(role)}`}`;
}

function assumedLines({ assumed }: PlanResult): string[] {
  return assumed.map(({ path, field, value }) => `${oneLine(path)}: ${field} is ${shown(value)}, its default`);
}

function unknownLines({ unknowns }: PlanResult, palette: Palette): string[] {
  return unknowns.map(({ path, what, expression, why }) => {
    const source = expression === undefined ? '' : ` (${short(expression)})`;
    return palette.attention(`${path === '' ? '' : `${oneLine(path)}: `}${oneLine(what)}${source}: ${short(why)}`);
  });
}

/** A step and what is inside, indented by two a level. */
function stepLines(step: PlannedStep, level: number, palette: Palette): string[] {
  const indent = '  '.repeat(level);
  const title = step.title === step.id ? '' : `  ${oneLine(step.title)}`;
  const name = level === 0 || step.path.endsWith(']') ? step.path : step.id;
  const lines = [
    `${indent}${markOf(step, palette)} ${palette.bold(oneLine(name))}${title}${step.isMaybe ? palette.attention('  perhaps') : ''}`,
  ];
  for (const detail of detailsOf(step, palette)) lines.push(`${indent}    ${detail}`);
  const inside = step.kind === 'loop' ? instancesInSight(step) : step.steps;
  for (const one of inside) lines.push(...stepLines(one, level + 1, palette));
  const left = step.steps.length - inside.length;
  if (left > 0) lines.push(`${indent}    and ${left} more like these`);
  return lines;
}

/** The first ones, and those that do not go like the others, as long as they are few. */
function instancesInSight({ steps }: PlannedStep): readonly PlannedStep[] {
  const odd = steps.slice(MOST_INSTANCES).filter(({ verdict }) => verdict === 'fails' || verdict === 'open');
  return [...steps.slice(0, MOST_INSTANCES), ...odd.slice(0, MOST_INSTANCES)];
}

function markOf({ verdict, action }: PlannedStep, palette: Palette): string {
  switch (verdict) {
    case 'runs':
      return action?.changes.some(({ outcome }) => outcome === 'planned') ? palette.attention('!') : '·';
    case 'asks':
      return palette.active('?');
    case 'open':
      return palette.attention('~');
    case 'fails':
      return palette.bad('x');
    case 'skipped':
    case 'unreached':
      return palette.dim('-');
    default:
      return verdict satisfies never;
  }
}

function detailsOf(step: PlannedStep, palette: Palette): string[] {
  const lines: string[] = [];
  const { when, why, verdict, approval, action, manual, loop, call } = step;
  if (when !== undefined) lines.push(conditionLine('when', when));
  if (verdict === 'skipped') lines.push(palette.dim(`would be skipped: ${short(why ?? '')}`));
  if (verdict === 'unreached') lines.push(palette.dim(`would not be reached: ${short(why ?? '')}`));
  if (verdict === 'fails') lines.push(palette.bad(`failed while planning: ${short(why ?? '')}`));
  if (verdict === 'open') lines.push(palette.attention(`not tried: ${short(why ?? '')}`));
  if (loop !== undefined)
    lines.push(
      `for each of ${short(loop.list)}: ${loop.count === null ? 'how many is not known' : `${loop.count} times`}`,
    );
  if (call !== undefined) lines.push(`the playbook ${call.playbook}${inputText(call.inputs)}`);
  if (manual !== undefined) {
    lines.push(manual.fields.length === 0 ? 'a person does it' : 'a person answers');
    for (const { name, from, value } of manual.fields)
      lines.push(
        `  ${name}: ${value === undefined ? (from === 'none' ? 'left out' : 'not known') : `${shown(value)} (${from})`}`,
      );
    if (manual.needsEvidence) lines.push('needs evidence');
  }
  if (approval !== undefined) lines.push(`asks for ${approverText(approval)}`);
  if (action !== undefined) lines.push(...actionLines(action, palette));
  return lines;
}

function actionLines(action: PlannedAction, palette: Palette): string[] {
  const lines = [`${action.uses}, ${action.effect}${inputText(action.inputs)}`];
  if (action.target !== undefined) lines.push(`on ${shown(action.target)}`);
  for (const { verb, kind, ids } of action.expected)
    lines.push(`works through ${things(kind, ids.length)} (${oneLine(verb)})`);
  for (const changes of action.changes) lines.push(...changeLines(changes, palette));
  if (action.targetsUnknown !== undefined)
    lines.push(palette.attention(`what it would change is not known: ${short(action.targetsUnknown)}`));
  for (const limit of action.limits) lines.push(palette.attention(overText(limit)));
  if (action.isBeforeChanges && action.output !== undefined) lines.push('read as it is now, before the changes above');
  if (action.approvalWaived !== undefined) lines.push(`waits for no approval: ${short(action.approvalWaived)}`);
  if (action.effect !== 'read') lines.push(action.undo === undefined ? 'cannot be taken back' : undoText(action.undo));
  if (action.temporaryMs !== undefined)
    lines.push(`taken back at the end of the run, due after ${formatDuration(action.temporaryMs)}`);
  for (const { method, path, address, input, reason } of action.reads) {
    const where = path ?? address ?? `to the address in \`${input}\``;
    lines.push(`may send ${oneLine(method)} ${oneLine(where)}, which only reads: ${short(reason)}`);
  }
  if (action.execReads !== undefined) lines.push(`may start processes that only read: ${short(action.execReads)}`);
  if (action.until !== undefined) lines.push(conditionLine('until', action.until));
  for (const condition of action.assert) lines.push(conditionLine('assert', condition));
  return lines;
}

function undoText(undo: string): string {
  return undo === 'action' ? 'can be taken back' : `can be taken back by ${undo}`;
}

function overText({ kind, limit, count }: PlannedLimit): string {
  return `takes the run to ${things(kind, count)}, over the limit of ${limit}`;
}

function changeLines({ verb, kind, outcome, targets }: PlannedChanges, palette: Palette): string[] {
  const counted = oneLine(countedVerb({ verb, kind, count: targets.length }));
  if (outcome === 'already') return [`${counted}: so already`];
  const word = outcome === 'planned' ? palette.attention(`would ${counted}`) : `${counted}: ${outcome}`;
  const lines = targets.slice(0, MOST_TARGETS).map(({ id, owner, error }) => {
    const of = owner === undefined ? '' : ` of ${owner.kind} ${owner.id}`;
    return `  - ${oneLine(`${id}${of}`)}${error === undefined ? '' : `: ${short(error)}`}`;
  });
  const left = targets.length - lines.length;
  return [word, ...lines, ...(left > 0 ? [`  - and ${left} more`] : [])];
}

function conditionLine(word: string, { source, holds }: PlannedCondition): string {
  const says = holds === null ? 'known only in the run' : holds ? 'holds now' : 'does not hold now';
  return `${word} ${short(source)}: ${says}`;
}

function outputLine({ name, value, why }: PlanResult['outputs'][number]): string {
  return `${name}: ${value === undefined ? `known only in the run: ${short(why ?? '')}` : shown(value)}`;
}

function inputText(inputs: Json): string {
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs)) return '';
  const given = Object.entries(inputs).filter(([, value]) => value !== null);
  return given.length === 0
    ? ''
    : `, with ${given.map(([name, value]) => `${oneLine(name)}: ${shown(value)}`).join('; ')}`;
}

function shown(value: Json): string {
  if (!Array.isArray(value)) return short(typeof value === 'string' ? value : JSON.stringify(value));
  if (value.length === 0) return 'none';
  const items = value
    .slice(0, MOST_ITEMS)
    .map((one: Json) => short(typeof one === 'string' ? one : JSON.stringify(one)));
  const left = value.length - items.length;
  return `${items.join(', ')}${left > 0 ? ` and ${left} more (${value.length})` : ''}`;
}

function short(text: string): string {
  return truncate(oneLine(text), MOST_LENGTH);
}
