// Looks at everything a run will need, before it is needed.
import type { App, CommonOptions } from '../app.ts';
import { checkClerk } from '../doctor/clerk.ts';
import type { Finding } from '../doctor/finding.ts';
import { checkNode } from '../doctor/node.ts';
import { checkPlaybooks } from '../doctor/playbooks.ts';
import { checkProject } from '../doctor/project.ts';
import { checkSecrets } from '../doctor/secrets.ts';
import { checkStore } from '../doctor/store.ts';
import { EXIT } from '../exit-codes.ts';
import { createCompiler } from '../playbooks/compiler.ts';

interface DoctorOptions extends CommonOptions {
  readonly env?: string;
  /** Nothing leaves this machine. */
  readonly offline?: boolean;
}

export async function doctor(app: App, options: DoctorOptions): Promise<number> {
  const findings = await look(app, options);
  const isBroken = findings.some(({ level }) => level === 'broken');
  if (app.isJson) app.terminal.print(JSON.stringify({ ok: !isBroken, findings }));
  else printFindings(app, findings);
  return isBroken ? EXIT.failed : EXIT.done;
}

async function look(app: App, { env, offline }: DoctorOptions): Promise<readonly Finding[]> {
  const { findings: ofProject, config } = await checkProject(app, env);
  const playbooks = await checkPlaybooks(app, createCompiler(app), config);
  const first = [checkNode(process.versions.node), ...(await checkStore(app)), ...ofProject, ...playbooks.findings];
  if (config === null) return first;
  const secrets = await checkSecrets(app, config, playbooks.secrets);
  const clerk: readonly Finding[] =
    offline === true
      ? [{ about: 'clerk', level: 'skipped', text: 'Clerk was not asked anything: --offline' }]
      : await checkClerk({
          secretKey: secrets.values.get('CLERK_SECRET_KEY'),
          apiUrl: config.env.CLERK_API_URL,
          clock: app.clock,
        });
  return [...first, ...secrets.findings, ...clerk];
}

function printFindings({ terminal, redactor }: App, findings: readonly Finding[]): void {
  const { print, palette } = terminal;
  const paint = { ok: palette.good, warning: palette.attention, broken: palette.bad, skipped: palette.dim };
  for (const { about, level, text, mend } of findings) {
    // A message may have several lines: a code frame, for one.
    const [first = '', ...rest] = redactor.text(text).split('\n');
    print(`${paint[level](level.padEnd(8))} ${about.padEnd(10)} ${first}`);
    for (const line of rest) print(`                    ${line}`);
    if (mend !== undefined) print(`                    ${palette.dim('mend:')} ${redactor.text(mend)}`);
  }
  const count = (wanted: Finding['level']): number => findings.filter(({ level }) => level === wanted).length;
  print(`\n${count('broken')} broken, ${count('warning')} to look at.`);
}
