// A ruling in words: what it is, and what to do next. Pure.
import type { Evidence } from './evidence.ts';
import type { How, Ruling, Verdict } from './rulings.ts';

const CLAIMS: { readonly [verdict in Verdict]: { readonly [how in How]?: string } } = {
  clerk: {
    down: 'Clerk is down',
    slow: 'Clerk is slow',
    degraded: 'Clerk is degraded: a part of it fails',
    maintenance: 'Clerk is under maintenance',
    unreachable: 'Clerk cannot be reached, and other addresses can',
  },
  application: {
    broken: 'The application is broken, and Clerk answers',
    slow: 'The application is slow, and Clerk is not',
    unreachable: 'The application cannot be reached, and Clerk answers',
    'cut-off': 'The application does not get through to Clerk, and we do',
    certificate: "The application's certificate is not taken",
    'rate-limited': "Requests of ours use Clerk's rate limit up",
  },
  network: {
    unreachable: 'The network here is broken: it says nothing about Clerk',
    slow: 'The network here is slow',
    certificate: 'The network here breaks TLS: a proxy, or the clock of this machine',
  },
  configuration: {
    key: 'Clerk refuses the key that is used',
    variables: 'The variables of the environment are wrong',
    domain: "The name of the Frontend API does not lead there: the domain's DNS or certificate",
  },
  healthy: { none: 'All that was asked is well' },
  unclear: { none: 'The witnesses do not tell whose fault it is' },
};

const NEXT: { readonly [verdict in Verdict]: { readonly [how in How]?: string } } = {
  clerk: {
    slow: 'Tell people. Raise time-outs before anything else; a bypass only where sign-in fails altogether. Watch until it is fast again',
    unreachable: 'Ask from another network before anything is done about it',
  },
  application: {
    'cut-off': "Check the app's way out (egress rules, proxies, CLERK_API_URL) and its region",
    certificate: 'Renew the certificate, or serve the right one',
    'rate-limited': 'Find what asks so often (a loop, a job, a crawler) and stop it',
    unreachable: "Check the app's host, its DNS and its last deployment",
  },
  network: {
    certificate: 'Check the clock of this machine and the proxy; probe again from another network',
  },
  configuration: {
    key: 'Compare the key in the environment with the one in the Clerk dashboard; set the right one and deploy again',
    variables: 'Mend what env.check names and deploy again',
    domain: "Compare the domain's DNS records and certificate with those that the Clerk dashboard asks for",
  },
  healthy: {},
  unclear: {},
};
const NEXT_ANYWAY: { readonly [verdict in Verdict]: string } = {
  clerk: 'Tell people; enable the emergency bypass only if it is safe; watch Clerk until it is resolved',
  application: 'Look at the last deployment and roll back if it began with that; then the middleware and the logs',
  network: 'Probe again from another network, best from where the app runs, before anything is changed',
  configuration: 'Mend the configuration and deploy again',
  healthy: 'Ask again in a few minutes: it may come and go. Compare with what users see',
  unclear: 'Ask more witnesses: the app’s health endpoint, a page of it, a neutral address; and somebody elsewhere',
};

export function claimOf({ verdict, how }: Ruling): string {
  return CLAIMS[verdict][how] ?? `${verdict}: ${how}`;
}

export function nextOf({ verdict, how }: Ruling): string {
  return NEXT[verdict][how] ?? NEXT_ANYWAY[verdict];
}

/** Markdown: the claim, then a line a witness. */
export function summaryOf(ruling: Ruling, evidence: readonly Evidence[], against: readonly Evidence[]): string {
  const lines = evidence.map(
    (one) => `- ${one.witness}: ${one.says}${against.includes(one) ? ' (speaks against it)' : ''}`,
  );
  return [`${claimOf(ruling)} (confidence: ${ruling.confidence}).`, ...(lines.length > 0 ? ['', ...lines] : [])].join(
    '\n',
  );
}
