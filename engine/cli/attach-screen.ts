// Chooses how a run is shown and who is asked, and keeps the two apart: JSON lines, plain lines, or the tree with
// questions.
import type { Plan } from '../playbook/plan.ts';
import type { RunEvent } from '../run/events.ts';
import { nobody, type People } from '../run/people.ts';
import type { RunSession } from '../run/session.ts';
import { jsonLine } from '../ui/json.ts';
import { plainLine } from '../ui/plain.ts';
import type { App } from './app.ts';

export interface Screen {
  readonly people: People;
  /** Shows an event that is folded into the session's state. */
  show(event: RunEvent): void;
  /** One line about the command itself. */
  notice(text: string): void;
  start(): void;
  /** Leaves the terminal to whoever writes next; the last tree stays on it. */
  end(): Promise<void>;
}

export interface ScreenOptions {
  readonly app: App;
  readonly plan: Plan;
  readonly session: RunSession;
  /** Plain lines also at a terminal; questions are asked all the same. */
  readonly isPlain: boolean;
  readonly confirmsAll: boolean;
  readonly onPause: () => void;
}

export async function attachScreen(options: ScreenOptions): Promise<Screen> {
  const { app } = options;
  if (app.isJson) return jsonScreen(app);
  if (!app.terminal.isInteractive) return plainScreen(options, nobody);
  return options.isPlain
    ? plainScreen(options, await askedPeople(options, { hide: async () => undefined, show: () => undefined }))
    : treeScreen(options);
}

function jsonScreen(app: App): Screen {
  return {
    people: nobody,
    show: (event) => app.terminal.print(jsonLine(event)),
    notice: (text) => app.terminal.tell(text),
    start: () => undefined,
    end: async () => undefined,
  };
}

function plainScreen({ app, session }: ScreenOptions, people: People): Screen {
  return {
    people,
    show(event) {
      const line = plainLine(event, session.state);
      if (line !== null) app.terminal.print(line);
    },
    notice: (text) => app.terminal.tell(text),
    start: () => undefined,
    end: async () => undefined,
  };
}

async function askedPeople(
  options: ScreenOptions,
  stageOptions: { hide: () => Promise<void>; show: () => void },
): Promise<People> {
  const [{ createTerminalPeople }, { createStage }] = await Promise.all([
    import('../ui/terminal-people.ts'),
    import('../ui/stage.ts'),
  ]);
  const { terminal, operator } = options.app;
  return createTerminalPeople({
    stage: createStage(stageOptions),
    console: { write: (line) => terminal.print(line), columns: terminal.columns, palette: terminal.palette },
    operator,
    onPause: options.onPause,
    confirmsAll: options.confirmsAll,
  });
}

async function treeScreen(options: ScreenOptions): Promise<Screen> {
  const { app, plan, session } = options;
  const [{ createLiveScreen }, { treeLines }] = await Promise.all([
    import('../ui/live-screen.ts'),
    import('../ui/tree.ts'),
  ]);
  let notice: string | undefined;
  let isEnded = false;
  const frame = (tick: number | null, rows: number): string[] =>
    treeLines(plan, session.state, {
      runId: session.runId,
      columns: app.terminal.columns(),
      rows,
      palette: app.terminal.palette,
      now: app.clock.now(),
      tick,
      isHeld: tick !== null,
      notice: tick === null ? undefined : notice,
    });
  const live = createLiveScreen((tick) => frame(tick, app.terminal.rows()));
  const show = (): void => {
    if (!isEnded) live.start();
  };
  return {
    people: await askedPeople(options, { hide: () => live.stop(), show }),
    show: () => undefined,
    notice(text) {
      notice = text;
    },
    start: show,
    async end() {
      isEnded = true;
      await live.stop();
      for (const line of frame(null, Number.POSITIVE_INFINITY)) app.terminal.print(line);
    },
  };
}
