// What a manual step's text says of each id it proposes, and what became of a list that was thinned out. Pure.
import type { Json } from '../json.ts';
import { clean, oneLine } from './text.ts';

const EVIDENCE_LINE = /^\s*[-*]\s+(\S+):\s+(\S.*)$/;

/** From lines such as `- user_1: 3 sessions from new countries`, by the id. */
export function evidenceLines(text: string): ReadonlyMap<string, string> {
  const evidence = new Map<string, string>();
  for (const line of clean(text).split('\n')) {
    const [, id, words] = EVIDENCE_LINE.exec(line) ?? [];
    if (id !== undefined && words !== undefined && !evidence.has(id)) evidence.set(id, oneLine(words));
  }
  return evidence;
}

/** `kept 11, removed 2: user_1, user_2` */
export function thinnedText(proposed: readonly Json[], kept: readonly Json[]): string {
  const removed = proposed.filter((one) => !kept.includes(one));
  if (removed.length === 0) return `kept all ${kept.length}`;
  const names = removed.slice(0, 10).map((one) => oneLine(typeof one === 'string' ? one : JSON.stringify(one)));
  const rest = removed.length - names.length;
  return `kept ${kept.length}, removed ${removed.length}: ${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
