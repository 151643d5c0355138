// What ended while the tree had the screen: kept until the tree steps aside, then written for good.
import type { RunEvent } from '../run/events.ts';
import type { RunState } from '../run/state.ts';
import type { Console } from './asking.ts';
import { type EndedLine, endedLine, endedText } from './ended-lines.ts';

/** A run without questions may end ten thousand steps: the newest are kept, the rest is in the journal. */
const MOST_LINES = 200;

export interface Scrollback {
  /** An event folded into `state` just before. */
  note(event: RunEvent, state: RunState): void;
  /** Writes what came since the last time. The screen must be free. */
  flush(): void;
}

export function createScrollback(options: {
  readonly console: Pick<Console, 'write' | 'columns' | 'palette'>;
  readonly operator: string;
  readonly runId: string;
}): Scrollback {
  const { console, operator, runId } = options;
  let lines: EndedLine[] = [];
  let dropped = 0;
  return {
    note(event, state) {
      const line = endedLine(event, state, operator);
      if (line === null) return;
      lines.push(line);
      if (lines.length <= MOST_LINES) return;
      lines.shift();
      dropped += 1;
    },
    flush() {
      if (dropped > 0) console.write(console.palette.dim(`⋮ ${dropped} earlier lines: runbook report ${runId}`));
      for (const line of lines)
        for (const text of endedText(line, console.columns() - 1, console.palette)) console.write(text);
      lines = [];
      dropped = 0;
    },
  };
}
