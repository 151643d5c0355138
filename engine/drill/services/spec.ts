// The parts of a scenario's world that are about the services around Clerk; schemas/scenario.schema.json is their source.

/** Statuspage's words. */
export type Indicator = 'none' | 'minor' | 'major' | 'critical';

export interface StatusPageSpec {
  readonly indicator: Indicator;
  readonly form: 'statuspage' | 'v1-summary' | 'summary' | 'v1-status-json' | 'v1-status' | 'html' | 'redirect-loop';
  readonly lagSeconds: number;
}

export interface TableSpec {
  readonly rows: boolean;
  readonly missing: number;
  readonly stale: number;
  readonly orphans: number;
}

/** What is wrong with the app's bad deployment. */
export interface BadSpec {
  readonly live: boolean;
  readonly minutesAgo: number;
  readonly webhooks: 'healthy' | 'unsigned' | 'failing' | 'slow';
  readonly pages: 'healthy' | 'failing';
  /** null where the variable is missing. */
  readonly variables: { readonly [name: string]: string | null };
}

export interface AppSpec {
  readonly table?: TableSpec;
  readonly tokens: 'jwt-key' | 'jwks';
  readonly watchSeconds?: number;
  readonly bad?: BadSpec;
}

export interface WebhooksSpec {
  readonly loss: number;
  readonly lossUntilSeconds?: number;
  readonly lost: 'failed' | 'vanished';
  readonly backlog: 'failed' | 'vanished';
  readonly disabled: boolean;
}

export interface VercelSpec {
  readonly buildSeconds: number;
  readonly promoteSeconds: number;
}

type Present = { readonly [name: string]: never };

/** Services that are absent do not listen. */
export interface ServicesSpec {
  readonly webhooks?: WebhooksSpec;
  readonly vercel?: VercelSpec;
  readonly slack?: Present;
  readonly pagerduty?: Present;
  readonly smtp?: Present;
  readonly statuspage?: Present;
}
