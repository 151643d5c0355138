// Hand-written journals for projections: only what a store adds is filled in.
import type { Draft, RunEvent } from '../../engine/run/events.ts';

/** Events with seq from 1, one minute apart from 03:00 UTC. */
export function journalOf(drafts: readonly Draft[]): RunEvent[] {
  return drafts.map((draft, index) => ({
    ...draft,
    seq: index + 1,
    at: new Date(Date.UTC(2026, 4, 12, 3, index)).toISOString(),
    v: 1,
    hash: String(index + 1).padStart(64, '0'),
  })) as RunEvent[];
}

export const created = (more: Partial<Extract<Draft, { type: 'run.created' }>['data']> = {}): Draft => ({
  type: 'run.created',
  actor: 'person:ana',
  data: {
    playbook: {
      name: 'breach',
      title: 'Breach',
      severity: 'P1',
      category: 'security',
      file: 'breach.yaml',
      text: '',
      digest: '',
    },
    operator: 'ana',
    inputs: {},
    env: {},
    engine: '0.0.0',
    ...more,
  },
});

export const opened = (step: string, kind: 'uses' | 'manual' | 'group', title: string, index = 0): Draft => ({
  type: 'step.opened',
  actor: 'engine',
  step,
  data: { kind, index, title },
});
