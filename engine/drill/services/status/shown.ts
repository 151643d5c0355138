// What the page shows at a moment, from all that was said so far. Pure.
import type { ComponentStatus, StatusSaid } from '../../state/services/status.ts';
import type { Indicator } from '../spec.ts';

export const DESCRIPTIONS: { readonly [indicator in Indicator]: string } = {
  none: 'All Systems Operational',
  minor: 'Minor Service Outage',
  major: 'Partial System Outage',
  critical: 'Major Service Outage',
};
const COMPONENT_STATUS: { readonly [indicator in Indicator]: ComponentStatus } = {
  none: 'operational',
  minor: 'degraded_performance',
  major: 'partial_outage',
  critical: 'major_outage',
};
/** Components as Clerk's incidents name them; the first two are the ones an outage hits unless it says otherwise. */
const COMPONENTS = [
  'User and authentication',
  'Session management',
  'Webhooks',
  'Machine authentication',
  'Email delivery',
  'SMS delivery',
  'Account Portal',
  'Dashboard',
  'Platform API',
];
const AFFECTED_COMPONENTS = 2;

export interface Shown {
  readonly indicator: Indicator;
  readonly updatedAt: number;
  readonly components: readonly { readonly name: string; readonly status: ComponentStatus }[];
  readonly incident?: { readonly name: string; readonly status: string; readonly startedAt: number };
}

type Said = StatusSaid & { readonly at: number };

/** `first` holds until something said reaches the page; `said` is in order; `now` is less the page's lag. */
export function shownAt({
  first,
  said,
  now,
}: {
  readonly first: Said;
  readonly said: readonly Said[];
  readonly now: number;
}): Shown {
  const reached = [first, ...said.filter(({ at }) => at <= now)];
  const last = reached.at(-1) ?? first;
  const { indicator, components = {}, incident } = last;
  const named = [...COMPONENTS, ...Object.keys(components).filter((name) => !COMPONENTS.includes(name))];
  return {
    indicator,
    updatedAt: last.at,
    components: named.map((name, index) => ({
      name,
      status:
        components[name] ??
        (index < AFFECTED_COMPONENTS && last.components === undefined ? COMPONENT_STATUS[indicator] : 'operational'),
    })),
    ...(indicator === 'none'
      ? {}
      : {
          incident: {
            name: incident?.name ?? DESCRIPTIONS[indicator],
            status: incident?.status ?? 'investigating',
            startedAt: beganAt(reached),
          },
        }),
  };
}

/** When the unbroken run of bad news that ends the list began. */
function beganAt(reached: readonly Said[]): number {
  const lastGood = reached.findLastIndex(({ indicator }) => indicator === 'none');
  return reached[lastGood + 1]?.at ?? 0;
}
