// What an approval is asked for, whole: its inputs and the ids it would touch. Pure.
import type { EventData } from '../../run/events.ts';
import { approvalDetails } from '../../ui/approval-details.ts';
import { countedVerb } from '../../ui/change-words.ts';
import { oneLine } from '../../ui/text.ts';

export type PendingApproval = EventData['approval.requested'];

export function approvalDetailLines(request: PendingApproval): string[] {
  const what = request.counts.map(countedVerb).join(', ');
  // Its text says what is to be done.
  if (request.uses === 'manual')
    return [...(request.reason === undefined ? [] : [oneLine(request.reason)]), ...approvalDetails(request)];
  const lines = [oneLine(`${request.uses}${what === '' ? '' : `: ${what}`}`)];
  if (request.reason !== undefined) lines.push(oneLine(request.reason));
  return [...lines, ...approvalDetails(request)];
}

/** For machines, with every target; without what only the engine needs. */
export function approvalDetailJson(request: PendingApproval): object {
  const { uses, inputs, targets, refused, planError, counts, limits, reason, role, by } = request;
  return { uses, inputs, targets, refused, planError, counts, limits, reason, role, by };
}
