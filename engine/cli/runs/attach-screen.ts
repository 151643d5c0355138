// Chooses how a run is shown and who is asked, and keeps the two apart: JSON lines, plain lines, or the tree with
// questions.
import type { Plan } from '../../playbook/plan.ts';
import type { RunEvent } from '../../run/events.ts';
import { nobody, type People } from '../../run/people.ts';
import type { RunSession } from '../../run/session.ts';
import { headLine, stepPlace } from '../../ui/head-line.ts';
import { jsonLine } from '../../ui/json.ts';
import { plainLine } from '../../ui/plain.ts';
import type { App } from '../app.ts';
import { withCommandName } from '../command-name.ts';

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
    import('../../ui/terminal-people.ts'),
    import('../../ui/stage.ts'),
  ]);
  const { plan, session } = options;
  const { terminal, operator, clock } = options.app;
  return createTerminalPeople({
    stage: createStage(stageOptions),
    console: {
      write: (line) => terminal.print(line),
      columns: terminal.columns,
      rows: terminal.rows,
      palette: terminal.palette,
    },
    header: (path) =>
      headLine(plan, session.state, {
        runId: session.runId,
        now: clock.now(),
        columns: terminal.columns() - 1,
        palette: terminal.palette,
        mark: stepPlace(plan, path),
      }),
    operator,
    onPause: options.onPause,
    confirmsAll: options.confirmsAll,
  });
}

async function treeScreen(options: ScreenOptions): Promise<Screen> {
  const { app, plan, session } = options;
  const [{ createLiveScreen }, { treeLines }, { createScrollback }, { createLiveFacts, noteFact }] = await Promise.all([
    import('../../ui/live-screen.ts'),
    import('../../ui/tree.ts'),
    import('../../ui/scrollback.ts'),
    import('../../ui/live-facts.ts'),
  ]);
  const scrollback = createScrollback({
    console: {
      write: (line) => app.terminal.print(line),
      columns: app.terminal.columns,
      palette: app.terminal.palette,
    },
    operator: app.operator,
    runId: session.runId,
  });
  const facts = createLiveFacts();
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
      facts,
      asTyped: (text) => withCommandName(text, app.env),
    });
  const live = createLiveScreen((tick) => frame(tick, app.terminal.rows()));
  const show = (): void => {
    scrollback.flush();
    if (!isEnded) live.start();
  };
  const hide = async (): Promise<void> => {
    await live.stop();
    scrollback.flush();
  };
  return {
    people: await askedPeople(options, { hide, show }),
    show(event) {
      noteFact(facts, event);
      scrollback.note(event, session.state);
    },
    notice(text) {
      notice = text;
    },
    start: show,
    async end() {
      isEnded = true;
      await hide();
      for (const line of frame(null, Number.POSITIVE_INFINITY)) app.terminal.print(line);
    },
  };
}
