// What an approval is asked for, as lines.
import type { EventData } from '../run/events.ts';
import { countedVerb } from './change-words.ts';
import { oneLine, truncate } from './text.ts';

const MANUAL = 'a step that a person does';

/** @param most how many targets are named one by one */
export function approvalLines(request: EventData['approval.requested'], most: number): string[] {
  const lines: string[] = [];
  const what = request.counts.map(countedVerb).join(', ');
  if (request.uses === 'manual') return [MANUAL, ...(request.reason === undefined ? [] : [oneLine(request.reason)])];
  lines.push(`${request.uses}${what === '' ? '' : `: ${what}`}`);
  if (request.reason !== undefined) lines.push(oneLine(request.reason));
  if (request.targets === undefined) {
    lines.push('What it will touch is not known before it runs: the approval holds for the action and these inputs.');
    lines.push(`inputs: ${truncate(oneLine(JSON.stringify(request.inputs)), 200)}`);
    return lines;
  }
  for (const target of request.targets.slice(0, most)) {
    const owner = target.owner === undefined ? '' : ` of ${target.owner.kind} ${target.owner.id}`;
    lines.push(`- ${oneLine(`${target.verb} ${target.kind} ${target.id}${owner}`)}`);
  }
  if (request.targets.length > most) lines.push(`- and ${request.targets.length - most} more`);
  return lines;
}
