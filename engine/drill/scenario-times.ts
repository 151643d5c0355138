// Durations of a scenario (`30s`): checked, and turned into milliseconds when it is loaded.
import { parseDuration } from '../durations.ts';
import type { Fault } from './fault-spec.ts';
import type { TimelineEntry } from './timeline/spec.ts';

/** The parts of a scenario that name times. */
interface Timed {
  readonly faults: readonly Fault[];
  readonly timeline: readonly TimelineEntry[];
}

interface Problem {
  readonly path: readonly string[];
  readonly text: string;
}

/** `0s` is none for a playbook's timeout, but a good beginning of a drill. */
export function drillTime(text: string): number | undefined {
  return /^0+(ms|s|m|h|d)$/.test(text) ? 0 : parseDuration(text);
}

/** What the schema cannot say of times. */
export function checkTimes({ faults, timeline }: Timed): readonly Problem[] {
  const problems: Problem[] = [];
  const check = (path: readonly string[], text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    const ms = drillTime(text);
    if (ms === undefined) problems.push({ path, text: `${path.join('.')} ${text} is longer than 24 days` });
    return ms;
  };
  faults.forEach((fault, index) => {
    const path = ['faults', String(index)];
    const from = check([...path, 'from'], fault.from) ?? fault.fromMs ?? 0;
    const until = check([...path, 'until'], fault.until) ?? fault.untilMs;
    if (until !== undefined && until < from)
      problems.push({ path, text: `${path.join('.')} is over before it begins: until lies before from` });
  });
  timeline.forEach((entry, index) => {
    const path = ['timeline', String(index)];
    check([...path, 'at'], entry.at);
    entry.do.forEach((one, place) => {
      if (one.what === 'status.set' && one.indicator === undefined)
        problems.push({
          path: [...path, 'do', String(place)],
          text: `${path.join('.')}.do.${place} needs an indicator: none, minor, major or critical`,
        });
    });
  });
  return problems;
}

export function withTimes<S extends Timed>(scenario: S): S {
  return {
    ...scenario,
    faults: scenario.faults.map(({ from, until, ...fault }) => ({
      ...fault,
      ...(from === undefined ? {} : { fromMs: drillTime(from) ?? 0 }),
      ...(until === undefined ? {} : { untilMs: drillTime(until) ?? 0 }),
    })),
  };
}
