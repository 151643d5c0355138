// The sample app: whether it was well when somebody last looked, whom its bypass let in, whether it takes webhooks.
import type { At, Folds } from '../fold.ts';

export type AppMutation = At &
  /** Written when what a check finds differs from what the one before found. */
  (
    | { readonly type: 'app.health'; readonly healthy: boolean; readonly reason: string }
    | { readonly type: 'app.bypassed'; readonly method: string; readonly path: string }
    | { readonly type: 'app.webhooks-paused'; readonly paused: boolean }
  );

export interface AppState {
  health?: { readonly healthy: boolean; readonly reason: string; readonly at: number };
  /** When it was first found unwell, and when it was last found well again after that. */
  downSince?: number;
  restoredAt?: number;
  bypassed: number;
  webhooksPaused: boolean;
}

export function emptyApp(): AppState {
  return { bypassed: 0, webhooksPaused: false };
}

export const appFolds: Folds<AppMutation, AppState> = {
  'app.health': (slice, { at, healthy, reason }) => {
    slice.health = { at, healthy, reason };
    if (healthy) {
      if (slice.downSince !== undefined) slice.restoredAt = at;
      return;
    }
    slice.downSince ??= at;
    delete slice.restoredAt;
  },
  'app.bypassed': (slice) => {
    slice.bypassed += 1;
  },
  'app.webhooks-paused': (slice, { paused }) => {
    slice.webhooksPaused = paused;
  },
};
