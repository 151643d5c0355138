// Redraws a text in place while something is under way. Listr keeps the cursor, the other writers and the pace (its
// spinner calls ten times a second); what is drawn is our frame, so that it fits the terminal's height, which Listr's
// own drawing does not do.
import { DefaultRenderer, Listr } from 'listr2';

export interface LiveScreen {
  start(): void;
  /** Clears what it drew. The terminal is then as it was, and anybody may write or ask. */
  stop(): Promise<void>;
}

/** @param draw called for every redraw with a counter; its lines must fit the terminal's height. */
export function createLiveScreen(draw: (tick: number) => readonly string[]): LiveScreen {
  let tick = 0;
  let showing: { readonly end: () => void; readonly ended: Promise<unknown> } | null = null;

  class FrameRenderer extends DefaultRenderer {
    override create(): string {
      tick += 1;
      return draw(tick).join('\n');
    }
  }

  return {
    start() {
      if (showing) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const list = new Listr([{ title: 'run', task: () => promise }], {
        renderer: FrameRenderer,
        rendererOptions: { clearOutput: true },
        // Ctrl-C is the run's business: it pauses at a safe point.
        registerSignalListeners: false,
      });
      showing = { end: resolve, ended: list.run() };
    },
    async stop() {
      if (!showing) return;
      const { end, ended } = showing;
      showing = null;
      end();
      await ended;
    },
  };
}
