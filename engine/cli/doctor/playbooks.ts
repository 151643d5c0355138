// Each playbook: whether it is valid, and whether what it requires is there.

import type { JsonObject } from '../../json.ts';
import { countDiagnostics } from '../../playbook/code-frame.ts';
import type { Plan } from '../../playbook/plan.ts';
import { listed } from '../../playbook/suggest.ts';
import { areRolesKnown, hasRole } from '../../run/roles.ts';
import type { App } from '../app.ts';
import type { Compiler } from '../playbooks/compiler.ts';
import { listPlaybooks, type PlaybookFile, readPlaybook } from '../playbooks/playbook-files.ts';
import type { ProjectConfig } from '../project/load-config.ts';
import { secretNames } from '../runs/learn-secrets.ts';
import { brokenBy, type Finding } from './finding.ts';
import type { NeededSecret } from './secrets.ts';

export interface CheckedPlaybooks {
  readonly findings: readonly Finding[];
  /** Secrets that playbooks and their actions need, and which playbooks those are. */
  readonly secrets: ReadonlyMap<string, NeededSecret>;
}

export async function checkPlaybooks(
  app: App,
  compiler: Compiler,
  config: ProjectConfig | null,
): Promise<CheckedPlaybooks> {
  const findings: Finding[] = [];
  const secrets = new Map<string, NeededSecret>();
  const contacts = await knownContacts(config);
  let valid = 0;
  for (const file of listPlaybooks(app)) {
    const plan = await compile(compiler, file, findings);
    if (plan === null) continue;
    valid += 1;
    for (const name of secretNames(plan, compiler.actions)) {
      const isOptional = plan.requires.optionalSecrets.includes(name);
      const before = secrets.get(name) ?? { by: [], isOptional: true };
      secrets.set(name, { by: [...before.by, file.name], isOptional: before.isOptional && isOptional });
    }
    const missing = config === null ? [] : plan.requires.env.filter((name) => (config.env[name] ?? '') === '');
    if (missing.length > 0)
      findings.push({
        about: 'playbooks',
        level: 'warning',
        text: `${file.name} requires ${listed(missing)}, which ${missing.length === 1 ? 'is' : 'are'} not set: it cannot be started`,
        mend: `Set ${missing.length === 1 ? 'it' : 'them'} in the environment, or under environments.NAME.variables in runbook.config.yaml`,
      });
    findings.push(...roleFindings(file.name, plan, contacts));
  }
  const count: Finding = { about: 'playbooks', level: 'ok', text: `${valid} ${valid === 1 ? 'is' : 'are'} valid` };
  return { findings: [count, ...findings], secrets };
}

/** Roles that an approval asks for, and that nobody of those it could be asked of has. */
function roleFindings(name: string, plan: Plan, contacts: JsonObject | undefined): Finding[] {
  if (!areRolesKnown(contacts)) return [];
  const approvals = [...plan.nodes.values()].flatMap((node) =>
    (node.kind === 'uses' || node.kind === 'manual') && node.approval?.role !== undefined
      ? [{ role: node.approval.role, path: node.path }]
      : [],
  );
  const missing = new Set(approvals.map(({ role }) => role).filter((role) => !hasRole(contacts, role)));
  return [...missing].map((role) => ({
    about: 'playbooks',
    level: 'warning',
    text: `${name} needs an approval in the role ${role} (${listed(approvals.filter((one) => one.role === role).map(({ path }) => path))}), which no contact has: nobody could give it`,
    mend: `Write ${role} under the \`roles\` of somebody in the contacts file`,
  }));
}

/** What is wrong with the file is told with the project. */
async function knownContacts(config: ProjectConfig | null): Promise<JsonObject | undefined> {
  try {
    // Contacts are plain data, checked by their schema.
    return ((await config?.contacts()) ?? undefined) as JsonObject | undefined;
  } catch {
    return undefined;
  }
}

async function compile(compiler: Compiler, file: PlaybookFile, findings: Finding[]): Promise<Plan | null> {
  try {
    const { plan, diagnostics } = await compiler.compile(readPlaybook(file), file.shown);
    if (plan) return plan;
    findings.push({
      about: 'playbooks',
      level: 'broken',
      text: `${file.shown} is not valid (${countDiagnostics(diagnostics)})`,
      mend: `runbook validate ${file.isBuiltIn ? file.name : file.shown}`,
    });
  } catch (error) {
    findings.push(brokenBy('playbooks', error));
  }
  return null;
}
