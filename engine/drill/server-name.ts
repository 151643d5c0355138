/** The servers of a world; each listens on a port of its own. */
export type ServerName =
  | 'clerk'
  | 'status'
  | 'app'
  | 'webhooks'
  | 'vercel'
  | 'slack'
  | 'pagerduty'
  | 'smtp'
  | 'statuspage';
