// Findings as a person reads them: one line an account, the evidence in it.

/** Accounts a screen can bear; the output holds all of them. */
const ACCOUNTS_SHOWN = 40;
const PLACES_SHOWN = 3;

export interface Finding {
  id: string;
  user: string;
  status: string;
  country?: string;
  city?: string;
  ip?: string;
  device?: string;
  browser?: string;
  actor?: string;
  createdAt?: string;
  lastActiveAt?: string;
  reason: string;
}

/** A Markdown list, in the order of `users`. */
export function summarize(users: readonly string[], findings: readonly Finding[]): string {
  const byUser = new Map<string, Finding[]>();
  for (const finding of findings) {
    const known = byUser.get(finding.user);
    if (known) known.push(finding);
    else byUser.set(finding.user, [finding]);
  }
  const lines = users.slice(0, ACCOUNTS_SHOWN).map((user) => `- ${user}: ${evidenceOf(byUser.get(user) ?? [])}`);
  if (users.length > ACCOUNTS_SHOWN) lines.push(`- and ${users.length - ACCOUNTS_SHOWN} more`);
  return lines.join('\n');
}

function evidenceOf(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'named; no session of it is open';
  const places = new Set(findings.map((one) => [one.city, one.country, one.ip].filter(Boolean).join(' ')));
  const shown = [...places].filter((place) => place !== '').slice(0, PLACES_SHOWN);
  const more = places.size > shown.length && shown.length > 0 ? ', …' : '';
  const last = findings
    .map((one) => one.lastActiveAt ?? '')
    .sort()
    .at(-1);
  const parts = [
    findings.length === 1 ? '1 session' : `${findings.length} sessions`,
    ...(shown.length > 0 ? [`${shown.join(', ')}${more}`] : []),
    ...(last ? [`last active ${last.slice(0, 16)}Z`] : []),
    mostTelling(findings),
  ];
  return parts.join('; ');
}

/** Of the session that most signs speak against; the reasons of one stand behind each other with a semicolon. */
function mostTelling(findings: readonly Finding[]): string {
  const [first] = findings.map(({ reason }) => reason).sort((a, b) => b.split('; ').length - a.split('; ').length);
  return first ?? '';
}
